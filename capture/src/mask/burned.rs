//! DICOM files and masks: pixels that may tell who the patient is go to the canvas only under areas that somebody drew, or
//! once somebody looked and found nothing. What the file says of its pixels is read by `crate::source`.

use crate::config::{Mask, Source};
use crate::source::{BurnedIn, DicomFault};

/// Whether pictures of a file that says `told` of its pixels may go to the canvas under the mask of `source`. To be asked
/// of the very file that was opened, each time it is.
///
/// # Errors
/// [`DicomFault::Unmasked`]: the mask is missing.
pub fn check(source: &Source, told: BurnedIn) -> Result<(), DicomFault> {
    if source.mask.as_ref().is_ok_and(|mask| mask.as_ref().is_some_and(Mask::covers_burned_in)) {
        return Ok(());
    }
    match told {
        BurnedIn::No => Ok(()),
        BurnedIn::Yes => Err(DicomFault::Unmasked("is YES")),
        BurnedIn::Untold => Err(DicomFault::Unmasked("is missing")),
    }
}
