//! What the technician may ask of the running node, led to whoever can do it.

use std::sync::Arc;

use protocol::ids::SourceId;
use protocol::time::MonoTime;

use super::arranging::Arranging;
use super::curtain::Curtain;
use super::drills::Drills;
use crate::config::Theatre;
use crate::control::{Answer, Request};
use crate::mask::{Gate, Withheld};
use crate::vitals::hub::Hub;

/// Everything that can be asked.
pub struct Answers {
    /// Link drills.
    pub drills: Arc<Drills>,
    /// How the canvas is arranged.
    pub arranging: Arc<Arranging>,
    /// Whether anything of any source leaves.
    pub curtain: Curtain,
    /// Vital signs, where there are any.
    pub vitals: Option<Arc<Hub>>,
    /// Which sources are withheld, by name.
    pub gates: Vec<(String, Arc<Gate>)>,
}

/// The gates of the sources of `theatre`, by their names.
pub fn named(theatre: &Theatre, gates: Vec<(SourceId, Arc<Gate>)>) -> Vec<(String, Arc<Gate>)> {
    let name = |(source, gate)| Some((theatre.source_name(source)?.to_owned(), gate));
    gates.into_iter().filter_map(name).collect()
}

impl Answers {
    /// Does what is asked at `now`.
    pub fn answer(&self, request: Request, now: MonoTime) -> Answer {
        match request {
            Request::Drill { participant, drill } => self.drills.begin(participant.as_deref(), drill, now),
            Request::EndDrill => self.drills.end(now),
            Request::Layout { preset, main } => self.arranging.ask(preset, main.as_deref()),
            Request::Curtain(position) => self.curtain.set(position),
            Request::ConfirmVitals => match &self.vitals {
                Some(hub) => hub.confirm(now),
                None => Answer::Refused("there are no vital signs: the configuration has no table [vitals]".to_owned()),
            },
            Request::ConfirmMask { source } => confirm(&self.gates, &source),
        }
    }
}

fn confirm(gates: &[(String, Arc<Gate>)], source: &str) -> Answer {
    let Some((_, gate)) = gates.iter().find(|(name, _)| name == source) else {
        let names = gates.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join("`, `");
        return Answer::Refused(format!("there is no source `{source}` on the canvas; there are `{names}`"));
    };
    if gate.withholds() == Some(Withheld::NoMask) {
        return Answer::Refused(format!(
            "source `{source}` has no valid mask to confirm: draw one with `capture-node masks --source {source}` and start \
             capture-node anew"
        ));
    }
    let Some(mismatch) = gate.confirm() else {
        return Answer::Refused(format!("source `{source}` is not withheld: there is nothing to confirm"));
    };
    let (mask, picture) = (mismatch.mask, mismatch.picture);
    let text = format!(
        "source {source}: its mask for {}x{} is stretched onto pictures of {}x{} until capture-node starts anew; \
         `capture-node masks --source {source}` draws one for this size",
        mask.width, mask.height, picture.width, picture.height
    );
    tracing::info!("{text}");
    Answer::Done(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_source_that_is_withheld_can_be_confirmed() {
        let gates = [("room".to_owned(), Arc::<Gate>::default())];
        let refused = |source| match confirm(&gates, source) {
            Answer::Refused(why) => why,
            done => panic!("{done:?}"),
        };
        assert!(refused("roof").contains("there are `room`"));
        assert!(refused("room").contains("not withheld"));
    }
}
