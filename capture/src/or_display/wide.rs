//! Work on many bytes at once, as many as this processor takes. Programs are built for the oldest processors of their kind, which
//! take sixteen; most have taken thirty-two (AVX2) since 2015.

/// Something that the compiler makes wide by itself, once it may.
pub trait Work {
    /// Does it. Everything in it has to be inlined for it to become wide.
    fn work(self);
}

/// Does `work`, as wide as it goes here.
pub fn widest(work: impl Work) {
    #[cfg(target_arch = "x86_64")]
    if std::is_x86_feature_detected!("avx2") {
        #[expect(unsafe_code, reason = "the compiler cannot know what processor this will be")]
        // SAFETY: it was asked just now.
        return unsafe { avx2(work) };
    }
    work.work();
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn avx2(work: impl Work) {
    work.work();
}
