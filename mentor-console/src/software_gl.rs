//! What makes software OpenGL (Mesa's llvmpipe) draw the window as fast as the machine can, where there is no GPU.
#![expect(unsafe_code, reason = "the environment can only be changed so; nothing else happens here")]

use std::thread;

/// Mesa's name for how many threads draw.
const THREADS: &str = "LP_NUM_THREADS";
/// The most that Mesa takes.
const MOST: usize = 32;

/// Has llvmpipe draw with one thread more than there are processors, unless the environment says otherwise. It starts
/// as many as there are processors, and wakes them together: the kernel then often puts two on the same one, and the
/// picture takes twice its time. One more lets a processor that is done take over (720p on two processors: median 12.4
/// to 7.8 ms).
///
/// # Safety
/// No other thread runs yet.
pub unsafe fn balance() {
    if std::env::var_os(THREADS).is_some() {
        return;
    }
    let processors = thread::available_parallelism().map_or(1, usize::from);
    // SAFETY: the caller's promise; no other thread can be reading the environment.
    unsafe { std::env::set_var(THREADS, (processors + 1).min(MOST).to_string()) };
}
