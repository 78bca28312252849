//! Which path carries what. Whether a path is live is [`crate::connection`]'s verdict.

use crate::path::{PathId, State};

/// How frames and messages are spread over the paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Policy {
    /// Everything on every live path, in the spirit of SMPTE ST 2022-7: losing a path loses and delays nothing.
    #[default]
    Duplicate,
}

/// The paths that carry a frame or message: all live ones. If none is live, all dark ones: the verdict may lag behind
/// a path that has just come back, and a dark path costs nobody anything. Probes go on every connected path always.
pub fn carriers(Policy::Duplicate: Policy, paths: &[(PathId, State)]) -> Vec<PathId> {
    let in_state = |wanted| paths.iter().filter(move |(_, state)| *state == wanted).map(|(id, _)| *id);
    let live: Vec<PathId> = in_state(State::Live).collect();
    if live.is_empty() { in_state(State::Dark).collect() } else { live }
}

#[cfg(test)]
mod tests {
    use super::State::{Connecting, Dark, Down, Live};
    use super::*;

    #[test]
    fn live_paths_carry_everything_and_dark_ones_only_when_none_is_live() {
        for (states, expected) in [
            ([Live, Live, Live], vec![0, 1, 2]),
            ([Live, Dark, Down], vec![0]),
            ([Dark, Connecting, Dark], vec![0, 2]),
            ([Down, Connecting, Down], vec![]),
        ] {
            let paths: Vec<_> = states.into_iter().enumerate().map(|(at, state)| (PathId(at as u8), state)).collect();
            let carriers: Vec<u8> = carriers(Policy::Duplicate, &paths).into_iter().map(|id| id.0).collect();
            assert_eq!(carriers, expected, "{states:?}");
        }
    }
}
