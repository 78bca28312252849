//! Users, passwords and passphrases: read from files of their own at each opening, told to nobody.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

/// Bytes of such a file that are read at most: far more than any password, and a wrong file costs no memory.
const MAX_BYTES: u64 = 1024;
/// Characters of an SRT passphrase (draft-sharabayko-srt, 6.1.5: PBKDF2 of 10 to 79 characters in libsrt).
const PASSPHRASE_BYTES: std::ops::RangeInclusive<usize> = 10..=79;

/// User and password, on the first and the second line of the file at `path`.
///
/// # Errors
/// The file cannot be read or holds something else; in one line that tells nothing of its content.
pub fn credentials(path: &Path) -> Result<(String, String), String> {
    let text = read("credentials", path)?;
    let mut lines = text.lines();
    match (lines.next(), lines.next()) {
        (Some(user), Some(password)) if !user.is_empty() => Ok((user.to_owned(), password.to_owned())),
        _ => Err(format!(
            "`credentials`: {} must hold the user on its first line and the password on its second",
            path.display()
        )),
    }
}

/// The passphrase of an SRT connection, on the first line of the file at `path`.
///
/// # Errors
/// As [`credentials`].
pub fn passphrase(path: &Path) -> Result<String, String> {
    let text = read("passphrase", path)?;
    let passphrase = text.lines().next().unwrap_or_default();
    if PASSPHRASE_BYTES.contains(&passphrase.len()) {
        return Ok(passphrase.to_owned());
    }
    let (low, high) = PASSPHRASE_BYTES.into_inner();
    Err(format!("`passphrase`: {} must hold one line of {low} to {high} letters", path.display()))
}

fn read(key: &str, path: &Path) -> Result<String, String> {
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(MAX_BYTES).read_to_string(&mut text));
    read.map_err(|error| format!("`{key}`: {}: {error}; put a readable text file there", path.display()))?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_read_and_a_wrong_file_is_told_without_its_content() {
        let path = std::env::temp_dir().join(format!("secret-{}", std::process::id()));
        std::fs::write(&path, "camera\npass word\n").unwrap();
        assert_eq!(credentials(&path).unwrap(), ("camera".into(), "pass word".into()));
        let short = passphrase(&path).unwrap_err();
        assert!(short.contains("10 to 79") && !short.contains("camera"), "{short}");
        std::fs::write(&path, "ten letters\n").unwrap();
        assert_eq!(passphrase(&path).unwrap(), "ten letters");
        let alone = credentials(&path).unwrap_err();
        assert!(alone.contains("second") && !alone.contains("ten letters"), "{alone}");
        std::fs::remove_file(&path).unwrap();
        let missing = credentials(&path).unwrap_err();
        assert!(missing.contains("`credentials`") && missing.contains("readable"), "{missing}");
    }
}
