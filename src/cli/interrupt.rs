//! Ctrl-C and its like: the first asks for an end, the second makes one.

use super::Failure;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// The exit code of a second Ctrl-C, as shells give it to a program that was interrupted.
const INTERRUPTED: i32 = 130;

/// A flag that is set when the program is asked to end. Asked again, it ends at once: what is recorded is
/// safe at any moment.
pub fn flag() -> Result<Arc<AtomicBool>, Failure> {
    let flag = Arc::new(AtomicBool::new(false));
    let failed = |e: std::io::Error| Failure::new(format!("can't watch for Ctrl-C: {e}"), None::<&str>);
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        // In this order: the shutdown looks at the flag before the second handler sets it.
        signal_hook::flag::register_conditional_shutdown(signal, INTERRUPTED, Arc::clone(&flag))
            .map_err(failed)?;
        signal_hook::flag::register(signal, Arc::clone(&flag)).map_err(failed)?;
    }
    Ok(flag)
}
