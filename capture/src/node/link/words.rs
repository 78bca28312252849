//! What consoles say, one message after the other, and what theatre makes of it.

use program::clock;
use protocol::arrangement::Wish;
use protocol::camera;
use protocol::codec::Codec;
use protocol::message::Message;

use super::super::arranging;
use super::Listener;
use crate::config::Role;

impl Listener {
    pub(super) fn message(&mut self, at: usize, name: &str, bytes: &[u8]) {
        let fault = match Message::from_bytes(bytes) {
            Ok(Message::Mark(operation)) => {
                self.parts.relay.operation(at, &operation).err().map(|refusal| refusal.to_string())
            }
            Ok(Message::Drill(news)) => {
                return self.parts.drills.of(at).map_or((), |desk| desk.hear(&news, clock::now()));
            }
            Ok(Message::Cursor(to)) => self.parts.relay.cursor(at, to).err().map(|refusal| refusal.to_string()),
            Ok(Message::Call(call)) => self.parts.relay.call(at, call).err().map(|refusal| refusal.to_string()),
            Ok(Message::Camera(command)) => self.move_camera(at, command).err(),
            Ok(Message::StillWish(source)) => return self.parts.stills.wish(at, source),
            Ok(Message::LayoutWish(wish)) => return self.wish(at, wish),
            Ok(Message::Decodes(codecs)) => return self.decodes(at, &codecs),
            Ok(
                Message::Layout(_)
                | Message::Receipt(_)
                | Message::Ladder(_)
                | Message::Answer(_)
                | Message::Vitals(_)
                | Message::StillRefused { .. }
                | Message::Cameras(_)
                | Message::Pattern(_)
                | Message::Arrangement(_)
                | Message::LayoutAnswer(_),
            ) => Some("it is theatre's to send".to_owned()),
            Ok(Message::Judged(_)) => Some("no test picture was sent".to_owned()),
            Err(error) => Some(error.to_string()),
        };
        let (Some(fault), Some(known)) = (fault, self.known.get_mut(at)) else { return };
        // The first of them is said; the rest would flood the log.
        if known.refused == 0 {
            tracing::warn!(participant = name, "a message is left out: {fault}; so will be others like it");
        }
        known.refused += 1;
    }

    /// The console of participant `at` decodes these codecs beside H.264.
    fn decodes(&mut self, at: usize, codecs: &[Codec]) {
        let decodes = codecs.contains(&Codec::H265);
        let Some(member) = self.participants.members().get(at) else { return };
        let before = member.outlet().decodes_h265();
        if before != decodes {
            tracing::debug!(participant = member.name, decodes, "the console on H.265");
            member.outlet().set_decodes_h265(decodes);
            self.judge(&self.facts(), clock::now());
        }
    }

    /// A mentor moves a room camera that theatre grants; whoever watches moves nothing.
    fn move_camera(&self, at: usize, command: camera::Command) -> Result<(), String> {
        match self.participants.members().get(at).map(|member| member.role) {
            Some(Role::Mentor) => self.parts.cameras.ask(command).map_err(|refusal| refusal.to_string()),
            Some(Role::Observer) | None => Err("observers move no camera".into()),
        }
    }

    /// Tells mentors how the cameras stand, when that changes.
    pub(super) fn offer_cameras(&mut self) {
        let offers = self.parts.cameras.offers();
        if self.offered != offers {
            self.offered.clone_from(&offers);
            self.parts.relay.cameras(offers);
        }
    }

    /// The console of participant `at` wants the canvas arranged so.
    fn wish(&self, at: usize, wish: Wish) {
        let Some(member) = self.participants.members().get(at) else { return };
        let answer = self.parts.arranging.wish(member.role, wish);
        tracing::info!(participant = member.name, "asks for the layout {}: {answer:?}", arranging::word(wish.preset));
        self.parts.relay.layout_answer(at, answer);
        self.parts.relay.arrangement(self.parts.arranging.arrangement());
    }
}
