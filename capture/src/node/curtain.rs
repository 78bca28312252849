//! Theatre's curtain: while it is closed nothing of any source leaves, and everybody is told. One value that the canvas,
//! the encoder, stills, vitals and whoever else sends something of the operation consult; clones are the same one.
//!
//! It is remembered in a file beside the sockets, so that a `capture-node` that starts anew does not open it. What stands
//! in the curtain's place is the canvas's.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use protocol::message::Message;
use protocol::vitals::Vitals;

use crate::control::Answer;
use crate::local::{Curtain as Position, Event, FromDisplay, Notice, Severity};

/// What stands on the OR display while it is closed; and beneath, if it would not stay so.
const CLOSED: &str = "Curtain closed: nobody outside theatre sees or hears anything";
const UNNOTED: &str = "A restart of capture-node would open it: call IT, and close it again after a restart";

/// The curtain. Clones are the same one.
#[derive(Clone)]
pub struct Curtain(Arc<Shared>);

struct Shared {
    closed: AtomicBool,
    /// It is closed, and the note could not be written.
    unnoted: AtomicBool,
    /// There while it is closed.
    note: PathBuf,
    /// Who has something to do when it is turned. Held while it is, so that one turn is done before the next.
    follower: Mutex<Option<Follower>>,
}

type Follower = Box<dyn Fn(Position) + Send>;

impl Curtain {
    /// As it was left, by the file at `note`. If nobody can tell it is closed.
    pub fn as_left(note: &Path) -> Self {
        let closed = note.try_exists().unwrap_or_else(|error| {
            tracing::error!("curtain: {}: {error}; it is closed until theatre opens it", note.display());
            true
        });
        if closed {
            tracing::warn!("the curtain is closed, as it was left; `capture-node ctl curtain off` opens it");
        }
        let (closed, unnoted) = (AtomicBool::new(closed), AtomicBool::default());
        Self(Arc::new(Shared { closed, unnoted, note: note.into(), follower: Mutex::default() }))
    }

    /// Tells `follower` how it stands, now and whenever it is turned: before whoever turned it hears that it is done.
    pub fn follow(&self, follower: impl Fn(Position) + Send + 'static) {
        let mut place = self.follower();
        follower(self.position());
        *place = Some(Box::new(follower));
    }

    /// Whether nothing of any source may leave now.
    pub fn is_closed(&self) -> bool {
        self.0.closed.load(Ordering::Acquire)
    }

    /// The same, for the canvas.
    pub fn position(&self) -> Position {
        if self.is_closed() { Position::Closed } else { Position::Open }
    }

    /// Whether a message about vital signs may leave now: no value does while it is closed. How their feed stands is no
    /// sign of anybody, and that it names another patient has to take values away at every end at once.
    pub fn lets_out(&self, message: &Message) -> bool {
        let is_value = matches!(message, Message::Vitals(Vitals::Numerics(_) | Vitals::Wave(_) | Vitals::Alarm(_)));
        !(is_value && self.is_closed())
    }

    /// Theatre opens or closes it.
    pub fn set(&self, position: Position) -> Answer {
        let (follower, before) = (self.follower(), self.position());
        let answer = self.turn(position);
        let now = self.position();
        if now != before {
            follower.iter().for_each(|tell| tell(now));
        }
        answer
    }

    fn turn(&self, position: Position) -> Answer {
        match position {
            Position::Closed => {
                // Closed first: that it may not be remembered is no reason to let anything out.
                let was_closed = self.0.closed.swap(true, Ordering::AcqRel);
                match self.remember() {
                    Err(error) => unnoted(&self.0.note, &error),
                    Ok(()) if was_closed => Answer::Done("the curtain is closed already".to_owned()),
                    Ok(()) => told("the curtain is closed: nothing of any source leaves theatre"),
                }
            }
            Position::Open => match forget(&self.0.note) {
                Err(error) => {
                    let note = self.0.note.display();
                    Answer::Refused(format!(
                        "the curtain stays closed: {note}: {error}; remove that file and try again"
                    ))
                }
                Ok(()) if !self.0.closed.swap(false, Ordering::AcqRel) => {
                    Answer::Done("the curtain is open already".to_owned())
                }
                Ok(()) => told("the curtain is open"),
            },
        }
    }

    /// Does what a window in theatre asks for.
    pub fn hear(&self, event: &Event<FromDisplay>) {
        let Event::Messages(words, _) = event else { return };
        for _ in words.iter().filter(|word| **word == FromDisplay::Curtain) {
            let other = if self.is_closed() { Position::Open } else { Position::Closed };
            if let Answer::Refused(why) = self.set(other) {
                tracing::error!("{why}");
            }
        }
    }

    /// What the OR display has to say about it.
    pub fn notice(&self) -> Option<Notice> {
        let unnoted = self.0.unnoted.load(Ordering::Acquire);
        let text = if unnoted { [CLOSED, UNNOTED].join("\n") } else { CLOSED.to_owned() };
        self.is_closed().then_some(Notice { severity: Severity::Caution, text })
    }

    /// No panic can leave it half turned.
    fn follower(&self) -> MutexGuard<'_, Option<Follower>> {
        self.0.follower.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember(&self) -> io::Result<()> {
        let noted = fs::write(&self.0.note, "closed\n");
        self.0.unnoted.store(noted.is_err(), Ordering::Release);
        noted
    }
}

fn forget(note: &Path) -> io::Result<()> {
    match fs::remove_file(note) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// It is closed as long as the program runs. Whoever pressed a key sees no answer, so the log and the notice say it too.
fn unnoted(note: &Path, error: &io::Error) -> Answer {
    let note = note.display();
    let text = format!(
        "the curtain is closed; a capture-node that starts anew would open it: {note}: {error}; make room for that file \
         and close the curtain again"
    );
    tracing::error!("{text}");
    Answer::Done(text)
}

fn told(text: &str) -> Answer {
    tracing::info!("{text}");
    Answer::Done(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::time::{MonoTime, SessionTime};
    use protocol::vitals::{Feed, FeedState, Origin};

    /// A place for the note, which nobody has written yet.
    fn note(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("curtain-{name}-{}", std::process::id()));
        crate::run_dir::ensure(&folder).unwrap();
        crate::run_dir::curtain(&folder)
    }

    #[test]
    fn a_closed_curtain_is_closed_for_everybody_and_stays_so_when_the_program_starts_anew() {
        let note = note("left");
        let curtain = Curtain::as_left(&note);
        let elsewhere = curtain.clone();
        assert!(!curtain.is_closed() && curtain.notice().is_none());
        assert!(matches!(curtain.set(Position::Closed), Answer::Done(text) if text.contains("nothing of any source")));
        assert!(elsewhere.is_closed() && Curtain::as_left(&note).is_closed());
        assert!(elsewhere.notice().is_some_and(|notice| notice.text.starts_with("Curtain closed")));
        assert!(matches!(curtain.set(Position::Closed), Answer::Done(text) if text.contains("already")));
        assert!(matches!(curtain.set(Position::Open), Answer::Done(_)));
        assert!(!elsewhere.is_closed() && !Curtain::as_left(&note).is_closed());
        fs::remove_dir_all(note.parent().unwrap()).unwrap();
    }

    #[test]
    fn it_closes_even_where_that_cannot_be_remembered_and_does_not_open_while_it_would_be_forgotten() {
        let note = note("unwritable");
        fs::remove_dir_all(note.parent().unwrap()).unwrap();
        let curtain = Curtain::as_left(&note);
        curtain.hear(&Event::Messages(vec![FromDisplay::Curtain], MonoTime(0)));
        assert!(curtain.is_closed());
        let notice = |curtain: &Curtain| curtain.notice().unwrap().text;
        assert!(notice(&curtain).ends_with(&format!("\n{UNNOTED}")), "whoever pressed the key sees it");
        assert!(notice(&curtain).chars().count() <= crate::local::message::MAX_NOTICE_CHARS);
        assert!(matches!(curtain.set(Position::Closed), Answer::Done(text) if text.contains("would open it")));
        crate::run_dir::ensure(note.parent().unwrap()).unwrap();
        assert!(matches!(curtain.set(Position::Closed), Answer::Done(text) if text.contains("already")));
        assert_eq!((notice(&curtain).as_str(), Curtain::as_left(&note).is_closed()), (CLOSED, true));
        fs::remove_file(&note).unwrap();
        // A folder in the note's place cannot be removed as a file.
        fs::create_dir_all(&note).unwrap();
        assert!(matches!(curtain.set(Position::Open), Answer::Refused(text) if text.contains("stays closed")));
        assert!(curtain.is_closed());
        fs::remove_dir_all(note.parent().unwrap()).unwrap();
    }

    #[test]
    fn behind_it_no_vital_sign_leaves_and_another_patient_is_told_all_the_same() {
        let note = note("vitals");
        let curtain = Curtain::as_left(&note);
        let values = Message::Vitals(Vitals::Numerics(Vec::new()));
        let feed = Feed { origin: Origin::Monitor, state: FeedState::PatientChanged, since: SessionTime(1) };
        let changed = Message::Vitals(Vitals::Feed(feed));
        assert!(curtain.lets_out(&values) && curtain.lets_out(&changed));
        curtain.set(Position::Closed);
        assert!(!curtain.lets_out(&values) && curtain.lets_out(&changed));
        fs::remove_dir_all(note.parent().unwrap()).unwrap();
    }

    #[test]
    fn what_left_is_withdrawn_before_anybody_hears_that_it_is_closed() {
        let note = note("follow");
        let curtain = Curtain::as_left(&note);
        let told = Arc::<Mutex<Vec<Position>>>::default();
        let (follower, is_it) = (Arc::clone(&told), curtain.clone());
        curtain.follow(move |position| {
            assert_eq!(is_it.position(), position, "from then on nothing more leaves");
            follower.lock().unwrap().push(position);
        });
        for (position, turns) in [(Position::Closed, 2), (Position::Closed, 2), (Position::Open, 3)] {
            curtain.set(position);
            assert_eq!(told.lock().unwrap().len(), turns);
        }
        assert_eq!(*told.lock().unwrap(), [Position::Open, Position::Closed, Position::Open]);
        fs::remove_dir_all(note.parent().unwrap()).unwrap();
    }

    #[test]
    fn a_window_in_theatre_may_ask_for_it() {
        let note = note("window");
        let curtain = Curtain::as_left(&note);
        let pressed = Event::Messages(vec![FromDisplay::Curtain], MonoTime(0));
        curtain.hear(&pressed);
        assert!(curtain.is_closed());
        curtain.hear(&pressed);
        assert!(!curtain.is_closed());
        fs::remove_dir_all(note.parent().unwrap()).unwrap();
    }
}
