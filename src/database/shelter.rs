//! Turns a panic of a driver into an error, so that only its connection is lost.
//!
//! Broken servers, and servers of another kind, send messages that no driver expects. If a driver panics, the answer counts as unreadable,
//! and the connection is not used again.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

thread_local! {
    static SHELTERED: Cell<bool> = const { Cell::new(false) };
}

/// Whether a panic of the current thread would be caught and turned into an error: a panic hook need not print it.
#[must_use]
pub fn sheltered() -> bool {
    SHELTERED.get()
}

/// Waits for the driver. If it panics, the result is a lost connection with the message of the panic.
pub(super) async fn shelter<T>(driver: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    let mut driver = pin!(driver);
    std::future::poll_fn(move |context| {
        let _here = Here::enter();
        // After a panic the future is not polled again, and everything that it has borrowed is discarded.
        match catch_unwind(AssertUnwindSafe(|| driver.as_mut().poll(context))) {
            Ok(polled) => polled,
            Err(panic) => Poll::Ready(Err(sqlx::Error::Protocol(message(&*panic)))),
        }
    })
    .await
}

fn message(panic: &(dyn Any + Send)) -> String {
    let said = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("the server's answer cannot be read: {}", said.unwrap_or("the driver panicked"))
}

struct Here(bool);

impl Here {
    fn enter() -> Self {
        Self(SHELTERED.replace(true))
    }
}

impl Drop for Here {
    fn drop(&mut self) {
        SHELTERED.set(self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::{shelter, sheltered};

    #[tokio::test]
    async fn a_panic_is_an_error_with_its_words_and_the_thread_goes_on() {
        assert!(shelter(async { Ok(sheltered()) }).await.expect("it does not panic"));
        let broken = shelter(async {
            tokio::task::yield_now().await;
            let nothing: &[u8] = &[];
            Ok(nothing[std::hint::black_box(3)])
        });
        let Err(sqlx::Error::Protocol(words)) = broken.await else { panic!("it is an error") };
        assert_eq!(words, "the server's answer cannot be read: index out of bounds: the len is 0 but the index is 3");
        assert!(!sheltered());
    }
}
