//! How much every collection of a session holds: for tests that its memory stays flat, and for health.
//!
//! Here and in each unit every field is named, so that a new one does not compile before somebody has thought of it. The
//! working memory of the code ([`crate::protect`]) is left out: it is that of the largest frame so far.

use std::collections::BTreeMap;

use super::Session;
use crate::budget::Spread;
use crate::path::Path;

impl Session {
    /// What every collection holds, by name: elements, or bytes where the name says so, over all paths. Costs a walk
    /// over everything in flight.
    pub fn sizes(&self) -> BTreeMap<&'static str, usize> {
        let Self {
            config,
            paths,
            planned,
            history,
            assembly,
            outgoing,
            incoming,
            bulk_out,
            bulk_in,
            clock,
            outputs,
            rng: _,
            now: _,
            peer: _,
            heard: _,
            frames_out: _,
            frames_unsent: _,
            looks: _,
            voice_out: _,
            voice_in: _,
            budget: _,
            code: _,
            shards_resent: _,
            malformed_datagrams: _,
            asker: _,
            merger: _,
        } = self;
        let own = [
            ("configured paths", config.paths.len()),
            ("paths", paths.len()),
            ("paths of the newest frame", planned.as_ref().map_or(0, Spread::held)),
            ("messages early", incoming.held()),
            ("large things waiting", bulk_out.held()),
            ("bytes of large things", bulk_out.held_bytes() + bulk_in.held_bytes()),
            ("clock samples", clock.held()),
            ("outputs", outputs.len()),
        ];
        let units = history.sizes().into_iter().chain(assembly.sizes()).chain(outgoing.sizes());
        let mut sizes = BTreeMap::new();
        for (name, size) in own.into_iter().chain(units).chain(paths.iter().flat_map(Path::sizes)) {
            *sizes.entry(name).or_insert(0) += size;
        }
        sizes
    }
}
