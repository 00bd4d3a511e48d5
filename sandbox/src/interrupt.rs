//! Ctrl-C and SIGTERM in commands that start processes: they stop the processes gracefully before they exit.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use tokio::signal::unix::{SignalKind, signal};

/// Records an interrupt and runs the registered actions.
#[derive(Clone, Default)]
pub(crate) struct Interrupt {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    raised: AtomicBool,
    actions: Mutex<Vec<Action>>,
}

type Action = Box<dyn FnOnce() + Send>;

impl Interrupt {
    /// Starts a thread that waits for the signals.
    pub(crate) fn listen() -> Self {
        let interrupt = Self::default();
        let raised = interrupt.clone();
        thread::spawn(move || {
            if wait_for_signal().is_ok() {
                raised.raise();
            }
        });
        interrupt
    }

    pub(crate) fn is_raised(&self) -> bool {
        self.shared.raised.load(Ordering::SeqCst)
    }

    /// Registers an action for an interrupt; runs it immediately if one has occurred.
    pub(crate) fn on_raise(&self, action: impl FnOnce() + Send + 'static) {
        let mut actions = self.shared.actions.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_raised() {
            action();
        } else {
            actions.push(Box::new(action));
        }
    }

    fn raise(&self) {
        let mut actions = self.shared.actions.lock().unwrap_or_else(PoisonError::into_inner);
        self.shared.raised.store(true, Ordering::SeqCst);
        for action in actions.drain(..) {
            action();
        }
    }
}

fn wait_for_signal() -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        Ok(())
    })
}
