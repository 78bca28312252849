//! Where the surgeon's picture goes: whatever a GStreamer sink makes of it, a monitor of an X server filled, a connector
//! without any window server (KMS), or an SDI output. Each becomes the description of a sink.

use std::fs;
use std::path::Path;

use crate::config::{DeckLink, Mode, Output, X_SINK};

/// Connectors of graphics cards, as the kernel lists them.
const CONNECTORS: &str = "/sys/class/drm";

/// The description of the sink for `output`.
///
/// # Errors
/// The connector is not here; in words that list those that are.
pub fn description(output: &Output) -> Result<String, String> {
    match output {
        Output::Sink(sink) => Ok(sink.clone()),
        Output::Monitor(_) => Ok(X_SINK.to_owned()),
        Output::Kms(connector) => kms(connector, Path::new(CONNECTORS)),
        Output::DeckLink(card) => Ok(decklink(card)),
    }
}

/// The kernel's number of a connector stands in `cardN-NAME/connector_id` (Linux 6.1 and later).
fn kms(connector: &str, connectors: &Path) -> Result<String, String> {
    let mut known = Vec::new();
    let entries = fs::read_dir(connectors).into_iter().flatten().flatten();
    for entry in entries {
        let file = entry.file_name().to_string_lossy().into_owned();
        let Some((_card, name)) = file.split_once('-').filter(|(card, _)| card.starts_with("card")) else { continue };
        if name == connector {
            let number = fs::read_to_string(entry.path().join("connector_id"));
            let number =
                number.map_err(|error| format!("the kernel does not tell the number of {connector}: {error}"))?;
            return Ok(format!("kmssink connector-id={} restore-crtc=true", number.trim()));
        }
        known.push(name.to_owned());
    }
    known.sort_unstable();
    let known = if known.is_empty() { "none: no graphics card with KMS is here".into() } else { known.join(", ") };
    Err(format!("there is no connector \"{connector}\"; there are: {known}"))
}

/// A card takes pictures of its mode's size and rate only, so they are scaled, and repeated or left out.
fn decklink(card: &DeckLink) -> String {
    let DeckLink { device, mode } = card;
    let Mode { name, width, height, rate: (frames, seconds) } = mode;
    format!(
        "videorate ! videoscale add-borders=true ! videoconvert \
         ! video/x-raw,format=UYVY,width={width},height={height},framerate={frames}/{seconds} \
         ! decklinkvideosink device-number={device} mode={name}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connector_is_found_by_its_name_and_a_wrong_name_is_told_the_right_ones() {
        let folder = std::env::temp_dir().join(format!("connectors-{}", std::process::id()));
        for (name, number) in [("card0-HDMI-A-1", "77\n"), ("card1-DP-2", "91\n")] {
            fs::create_dir_all(folder.join(name)).unwrap();
            fs::write(folder.join(name).join("connector_id"), number).unwrap();
        }
        fs::create_dir_all(folder.join("card0")).unwrap();
        assert_eq!(kms("DP-2", &folder), Ok("kmssink connector-id=91 restore-crtc=true".into()));
        assert_eq!(kms("DP-1", &folder), Err("there is no connector \"DP-1\"; there are: DP-2, HDMI-A-1".into()));
        fs::remove_dir_all(&folder).unwrap();
        assert!(kms("DP-2", &folder).unwrap_err().contains("no graphics card"));
    }

    #[test]
    fn a_card_is_given_the_size_and_rate_of_its_mode() {
        let card = DeckLink { device: 1, mode: "1080p2997".to_owned().try_into().unwrap() };
        let sink = decklink(&card);
        assert!(sink.contains("width=1920,height=1080,framerate=30000/1001"), "{sink}");
        assert!(sink.ends_with("decklinkvideosink device-number=1 mode=1080p2997"), "{sink}");
    }
}
