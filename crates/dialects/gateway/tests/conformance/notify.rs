//! `/notify`.

use crate::people::{House, refused};

#[tokio::test]
async fn unsupported_driver() {
    let house = House::open().await;
    let ann = house.person("ann").await;
    for path in [
        "/notify",
        "/notify?protoc=",
        "/notify?protoc=WS",
        "/notify?protoc=tcp",
        "/notify?protoc=%ff",
    ] {
        refused(&ann.http.get(path).await, 90013);
    }
    house.server.stop().await;
}
