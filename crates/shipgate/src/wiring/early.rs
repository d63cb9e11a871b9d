//! A database whose first session is opened while something else is done.

use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use shipgate_database::backup::Engine;
use shipgate_database::{
    Access, ConnectOptions, Create, Database, DatabaseUrl, LockError, LockRequest, MigrationLock,
    OpenError, Session, Wait,
};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinHandle;

/// A database to which a connection is already being made.
pub(crate) struct Early {
    database: Arc<dyn Database>,
    first: Mutex<Option<First>>,
}

/// The session that is being opened.
struct First {
    access: Access,
    create: Create,
    session: JoinHandle<Result<Box<dyn Session>, OpenError>>,
    /// Waits that nobody was told of yet.
    waits: UnboundedReceiver<Wait>,
}

impl Early {
    /// Begins to connect, so that [`Database::connect`] with the same access
    /// finds it done.
    pub(crate) fn connecting(database: Arc<dyn Database>, options: &ConnectOptions) -> Arc<Self> {
        let (sender, waits) = unbounded_channel();
        let hook = move |wait: &Wait| {
            // Nobody listens any more: the session is not wanted.
            let _ = sender.send(wait.clone());
        };
        let (access, create) = (options.access, options.create);
        let server = Arc::clone(&database);
        let options = ConnectOptions {
            on_wait: Some(Arc::new(hook)),
            ..options.clone()
        };
        let session = tokio::spawn(async move { server.connect(&options).await });
        Arc::new(Self {
            database,
            first: Mutex::new(Some(First {
                access,
                create,
                session,
                waits,
            })),
        })
    }
}

impl First {
    async fn session(mut self, options: &ConnectOptions) -> Result<Box<dyn Session>, OpenError> {
        loop {
            tokio::select! {
                biased;
                Some(wait) = self.waits.recv() => {
                    if let Some(hook) = &options.on_wait {
                        hook(&wait);
                    }
                }
                session = &mut self.session => {
                    return session.unwrap_or_else(|ended| resume_unwind(ended.into_panic()));
                }
            }
        }
    }
}

impl Drop for First {
    fn drop(&mut self) {
        self.session.abort();
    }
}

#[async_trait]
impl Database for Early {
    fn url(&self) -> &DatabaseUrl {
        self.database.url()
    }

    async fn connect(&self, options: &ConnectOptions) -> Result<Box<dyn Session>, OpenError> {
        let first = self
            .first
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take_if(|first| (first.access, first.create) == (options.access, options.create));
        match first {
            Some(first) => first.session(options).await,
            None => self.database.connect(options).await,
        }
    }

    async fn lock(&self, request: LockRequest) -> Result<Box<dyn MigrationLock>, LockError> {
        self.database.lock(request).await
    }

    fn backups(&self) -> Arc<dyn Engine> {
        self.database.backups()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    /// Tells of a wait and then refuses, with the number of the attempt.
    struct Refusing {
        url: DatabaseUrl,
        attempts: AtomicUsize,
    }

    #[async_trait]
    impl Database for Refusing {
        fn url(&self) -> &DatabaseUrl {
            &self.url
        }

        async fn connect(&self, options: &ConnectOptions) -> Result<Box<dyn Session>, OpenError> {
            let attempt = self.attempts.fetch_add(1, Ordering::Relaxed) + 1;
            let hook = options.on_wait.as_ref().unwrap();
            hook(&Wait {
                reason: format!("attempt {attempt}"),
                limit: Duration::ZERO,
            });
            tokio::task::yield_now().await;
            let message = format!("refused at attempt {attempt}");
            Err(OpenError::Setting { message })
        }

        async fn lock(&self, _: LockRequest) -> Result<Box<dyn MigrationLock>, LockError> {
            unreachable!("nobody asks for it")
        }

        fn backups(&self) -> Arc<dyn Engine> {
            unreachable!("nobody asks for it")
        }
    }

    /// What a call ended with, and the waits it told of.
    async fn connect(early: &Early, access: Access) -> (String, Vec<String>) {
        let told = Arc::new(Mutex::new(Vec::new()));
        let hook = {
            let told = Arc::clone(&told);
            move |wait: &Wait| told.lock().unwrap().push(wait.reason.clone())
        };
        let options = ConnectOptions {
            access,
            on_wait: Some(Arc::new(hook)),
            ..ConnectOptions::default()
        };
        let error = early.connect(&options).await.err().unwrap().to_string();
        let told = told.lock().unwrap().clone();
        (error, told)
    }

    fn early() -> Arc<Early> {
        let refusing = Refusing {
            url: DatabaseUrl::parse("sqlite://x.db", Path::new("/")).unwrap(),
            attempts: AtomicUsize::new(0),
        };
        Early::connecting(Arc::new(refusing), &ConnectOptions::default())
    }

    fn attempt(number: usize) -> (String, Vec<String>) {
        let told = vec![format!("attempt {number}")];
        (format!("refused at attempt {number}"), told)
    }

    #[tokio::test]
    async fn the_first_session_is_the_one_that_was_begun_with_its_waits() {
        let early = early();
        tokio::task::yield_now().await;
        assert_eq!(connect(&early, Access::ReadWrite).await, attempt(1));
        assert_eq!(connect(&early, Access::ReadWrite).await, attempt(2));
    }

    #[tokio::test]
    async fn a_session_of_another_kind_is_opened_anew() {
        let early = early();
        tokio::task::yield_now().await;
        assert_eq!(connect(&early, Access::ReadOnly).await, attempt(2));
        assert_eq!(connect(&early, Access::ReadWrite).await, attempt(1));
    }
}
