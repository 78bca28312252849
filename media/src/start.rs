//! Starts GStreamer once and says plainly what this machine lacks.

use gstreamer as gst;

/// Elements that coding and captions need, with the Debian and Ubuntu package that brings each.
const ELEMENTS: [(&str, &str); 3] = [
    ("x264enc", "gstreamer1.0-plugins-ugly"),
    ("avdec_h264", "gstreamer1.0-libav"),
    ("textoverlay", "gstreamer1.0-plugins-base"),
];

/// Why GStreamer cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InitError {
    /// The library itself does not start.
    #[error("GStreamer does not start: {0}; is libgstreamer1.0-0 installed in full?")]
    Library(String),
    /// A plugin is not installed.
    #[error("GStreamer has no element {element}: install the package {package} and start again")]
    Missing {
        /// The element's factory name.
        element: &'static str,
        /// What brings it on Debian and Ubuntu.
        package: &'static str,
    },
}

/// Starts GStreamer; may be called any number of times. Enough for what shows pictures and codes none: the OR display
/// must not miss an encoder.
///
/// # Errors
/// The library does not start.
pub fn init() -> Result<(), InitError> {
    gst::init().map_err(|error| InitError::Library(error.to_string()))
}

/// Starts GStreamer for what encodes, decodes or draws captions; may be called any number of times.
///
/// # Errors
/// The library does not start, or an element is not installed.
pub fn init_codecs() -> Result<(), InitError> {
    init()?;
    ELEMENTS.into_iter().try_for_each(|(element, package)| require(element, package))
}

/// Fails unless the element `element`, which the Debian package `package` brings, is installed.
///
/// # Errors
/// [`InitError::Missing`].
pub fn require(element: &'static str, package: &'static str) -> Result<(), InitError> {
    match gst::ElementFactory::find(element) {
        Some(_) => Ok(()),
        None => Err(InitError::Missing { element, package }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_element_is_told_with_the_package_to_install() {
        init_codecs().unwrap();
        let error = require("x265nothing", "gstreamer1.0-plugins-none").unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("x265nothing") && text.contains("install the package gstreamer1.0-plugins-none"),
            "{text}"
        );
    }
}
