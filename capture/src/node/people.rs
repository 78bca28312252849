//! What the surgeon's monitor says of who is there: each participant with its role and lines (requirement R5). Pure.

use crate::config::Role;
use crate::local::{Notice, Severity};

/// One participant as it stands.
#[derive(Debug, Clone, Copy)]
pub struct Present<'a> {
    /// Its name in the configuration.
    pub name: &'a str,
    /// What it may do.
    pub role: Role,
    /// Of its paths, those it is heard on.
    pub live_paths: usize,
    /// Its paths.
    pub paths: usize,
}

/// In words: who is there, and that a mentor is not. A line lost is worth a thought before the last one goes.
pub fn notice(present: &[Present<'_>]) -> Notice {
    let is_here = |who: &&Present<'_>| who.live_paths > 0;
    let nobody = !present.iter().any(|who| who.role == Role::Mentor && is_here(&who));
    let is_weak = present.iter().filter(is_here).any(|who| who.live_paths < who.paths);
    let missing = nobody.then(|| "No mentor connected".to_owned());
    let texts: Vec<String> = missing.into_iter().chain(present.iter().filter(is_here).map(told)).collect();
    let severity = if nobody || is_weak { Severity::Caution } else { Severity::Quiet };
    Notice { severity, text: texts.join("  \u{b7}  ") }
}

fn told(who: &Present<'_>) -> String {
    let role = match who.role {
        Role::Mentor => "Mentor",
        Role::Observer => "Observer",
    };
    let Present { name, live_paths, paths, .. } = who;
    let lines = if *live_paths < *paths { format!(", {live_paths} of {paths} lines") } else { String::new() };
    format!("{role} {name} connected{lines}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who(name: &str, role: Role, live_paths: usize) -> Present<'_> {
        Present { name, role, live_paths, paths: 2 }
    }

    fn told(present: &[Present<'_>]) -> (Severity, String) {
        let Notice { severity, text } = notice(present);
        (severity, text)
    }

    #[test]
    fn everybody_who_is_there_is_named_with_role_and_lost_lines() {
        assert_eq!(
            told(&[who("anna", Role::Mentor, 2), who("bela", Role::Observer, 0)]),
            (Severity::Quiet, "Mentor anna connected".into())
        );
        assert_eq!(
            told(&[who("anna", Role::Mentor, 1), who("bela", Role::Observer, 2)]),
            (Severity::Caution, "Mentor anna connected, 1 of 2 lines  \u{b7}  Observer bela connected".into())
        );
    }

    #[test]
    fn without_a_mentor_it_says_so_whoever_else_watches() {
        assert_eq!(told(&[who("anna", Role::Mentor, 0)]), (Severity::Caution, "No mentor connected".into()));
        let (severity, text) = told(&[who("anna", Role::Mentor, 0), who("bela", Role::Observer, 2)]);
        assert_eq!(
            (severity, text.as_str()),
            (Severity::Caution, "No mentor connected  \u{b7}  Observer bela connected")
        );
    }
}
