//! The process keeps what it holds to itself: no core dumps, no look from other programs of the same user.

/// Turns off core dumps of this process and lets no other program of the same user read its memory, where
/// the system allows; gives what could not be done. Whoever is root can read it all the same.
pub fn raise() -> Vec<&'static str> {
    let mut open = Vec::new();
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        if setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }).is_err() {
            open.push("core dumps could not be turned off");
        }
    }
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        if set_dumpable_behavior(DumpableBehavior::NotDumpable).is_err() {
            open.push("other programs of this user can still read this program's memory");
        }
    }
    #[cfg(not(unix))]
    open.push("this system keeps no memory back from dumps");
    open
}

/// [`raise`], and a word on the error stream about what could not be done.
pub fn raise_and_tell() {
    for gap in raise() {
        eprintln!("note: {gap}");
    }
}
