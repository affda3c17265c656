//! A person's own settings: four free JSON objects (B7, row settings). What is saved is merged into what is there, key
//! by key at the top level; `null` takes a key away.

use axum::extract::State;
use parlance_core::command::SaveSettings;
use parlance_core::query::Settings;
use parlance_core::types::SettingsSection;
use serde_json::{Map, Value};

use crate::app::App;
use crate::caller::Caller;
use crate::input::ObjectBody;
use crate::reply::{Answer, data, said};

async fn read(app: &App, caller: &Caller, section: SettingsSection) -> Answer<Map<String, Value>> {
    data(app.core.query(&caller.actor, Settings { section }).await?)
}

async fn save(
    app: &App,
    caller: &Caller,
    section: SettingsSection,
    changes: Map<String, Value>,
) -> Answer<Map<String, Value>> {
    let command = SaveSettings { section, changes };
    said("更新成功", app.core.execute(&caller.actor, command).await?)
}

pub(crate) async fn general(State(app): State<App>, caller: Caller) -> Answer<Map<String, Value>> {
    read(&app, &caller, SettingsSection::General).await
}

pub(crate) async fn save_general(
    State(app): State<App>,
    caller: Caller,
    ObjectBody(changes): ObjectBody,
) -> Answer<Map<String, Value>> {
    save(&app, &caller, SettingsSection::General, changes).await
}

pub(crate) async fn notification(State(app): State<App>, caller: Caller) -> Answer<Map<String, Value>> {
    read(&app, &caller, SettingsSection::Notification).await
}

pub(crate) async fn save_notification(
    State(app): State<App>,
    caller: Caller,
    ObjectBody(changes): ObjectBody,
) -> Answer<Map<String, Value>> {
    save(&app, &caller, SettingsSection::Notification, changes).await
}

pub(crate) async fn privacy(State(app): State<App>, caller: Caller) -> Answer<Map<String, Value>> {
    read(&app, &caller, SettingsSection::Privacy).await
}

pub(crate) async fn save_privacy(
    State(app): State<App>,
    caller: Caller,
    ObjectBody(changes): ObjectBody,
) -> Answer<Map<String, Value>> {
    save(&app, &caller, SettingsSection::Privacy, changes).await
}

pub(crate) async fn shortcut(State(app): State<App>, caller: Caller) -> Answer<Map<String, Value>> {
    read(&app, &caller, SettingsSection::Shortcut).await
}

pub(crate) async fn save_shortcut(
    State(app): State<App>,
    caller: Caller,
    ObjectBody(changes): ObjectBody,
) -> Answer<Map<String, Value>> {
    save(&app, &caller, SettingsSection::Shortcut, changes).await
}
