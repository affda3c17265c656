//! Commands over a second kind of transaction: one that answers late, row by row, and speaks of nothing but the
//! three verbs. What runs over it and over the embedded engine alike depends on neither.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context as TaskContext, Poll};

use parlance_store::{FromRow, Log, Result as StoreResult, Tx, Value, Work};

use crate::account::Actor;
use crate::command::{Command, Context, MarkRead, OpenDirect, ReadUpTo, SendMessage, Target};
use crate::env::{Env, Limits};
use crate::error::{Error, ErrorKind, Result};
use crate::event::Event;
use crate::query::{Conversations, History};
use crate::seal::Sealer;
use crate::tenant::Tenants;
use crate::testing::{TestCore, refusal};

/// Pending once, so that whoever awaits it really is suspended.
#[derive(Default)]
struct Late(bool);

impl Future for Late {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<()> {
        if self.0 {
            return Poll::Ready(());
        }
        self.0 = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// A transaction that answers every statement late.
struct LateTx<'a, T> {
    inner: &'a mut T,
    statements: &'a AtomicUsize,
}

impl<T: Tx> Tx for LateTx<'_, T> {
    async fn one<R: FromRow>(&mut self, sql: &str, params: &[Value<'_>]) -> StoreResult<Option<R>> {
        // Through `many`, so that nothing leans on how one row is fetched.
        Ok(self.many(sql, params).await?.into_iter().next())
    }

    async fn many<R: FromRow>(&mut self, sql: &str, params: &[Value<'_>]) -> StoreResult<Vec<R>> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        Late::default().await;
        let rows = self.inner.many(sql, params).await;
        Late::default().await;
        rows
    }

    async fn exec(&mut self, sql: &str, params: &[Value<'_>]) -> StoreResult<u64> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        Late::default().await;
        self.inner.exec(sql, params).await
    }
}

/// A command that runs over [`LateTx`].
struct Lately<C> {
    command: C,
    actor: Actor,
    env: Arc<Env>,
    statements: Arc<AtomicUsize>,
}

impl<C: Command> Work for Lately<C> {
    type Reply = C::Reply;
    type Refusal = Error;
    type Event = Event;

    async fn apply<T: Tx>(&self, tx: &mut T, log: &mut Log<Event>) -> Result<C::Reply> {
        let mut late = LateTx {
            inner: tx,
            statements: &self.statements,
        };
        let now = self.env.now();
        let mut cx = Context {
            tx: &mut late,
            actor: &self.actor,
            env: &self.env,
            now,
            log,
        };
        self.command.apply(&mut cx).await
    }
}

#[tokio::test]
async fn commands_run_over_a_second_transaction() {
    let test = TestCore::start().await;
    let (a, b, c) = (test.user("a").await, test.user("b").await, test.user("c").await);
    let env = Arc::new(Env::new(
        Arc::clone(&test.clock) as _,
        0,
        Limits::default(),
        Arc::new(Tenants::new(Sealer::new(&[8; 32]))),
    ));
    let statements = Arc::new(AtomicUsize::new(0));
    let lately = |actor: &Actor| (actor.clone(), Arc::clone(&env), Arc::clone(&statements));

    let (actor, env_, count) = lately(&a);
    let open = Lately {
        command: OpenDirect { peer_id: b.user_id },
        actor,
        env: env_,
        statements: count,
    };
    let conversation = test.core.store().execute(open).await.unwrap().conversation_id;

    let (actor, env_, count) = lately(&a);
    let mut command = SendMessage::text(Target::Conversation(conversation), "over another road");
    command.client_id = Some("k".into());
    let send = Lately {
        command: command.clone(),
        actor,
        env: env_,
        statements: count,
    };
    let sent = test.core.store().execute(send).await.unwrap();
    assert_eq!((sent.view.message.seq, sent.repeated), (1, false));
    let again = test.core.execute(&a, command.clone()).await.unwrap();
    assert!(again.repeated, "the usual road finds what the other one wrote");

    let (actor, env_, count) = lately(&c);
    let foreign = Lately {
        command,
        actor,
        env: env_,
        statements: count,
    };
    assert_eq!(
        refusal(test.core.store().execute(foreign).await),
        ErrorKind::NotMember
    );

    let unread = test.core.query(&b, Conversations).await.unwrap()[0].unread;
    assert_eq!(unread, 1);
    let (actor, env_, count) = lately(&b);
    let read = MarkRead {
        conversation_id: conversation,
        up_to: ReadUpTo::Newest,
    };
    test.core
        .store()
        .execute(Lately {
            command: read,
            actor,
            env: env_,
            statements: count,
        })
        .await
        .unwrap();
    assert_eq!(test.core.query(&b, Conversations).await.unwrap()[0].unread, 0);

    let history = History {
        conversation_id: conversation,
        before: None,
        limit: 10,
    };
    assert_eq!(test.core.query(&b, history).await.unwrap().len(), 1);
    assert!(
        statements.load(Ordering::Relaxed) > 15,
        "the statements really went that way"
    );
}
