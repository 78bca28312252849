//! DICOM files and masks: pixels that may tell who the patient is go to the canvas only under areas that somebody drew, or
//! once somebody looked and found nothing. What the file says of its pixels is read by `crate::source`.

use crate::config::{Kind, Mask, Source};
use crate::source::{BurnedIn, DicomFault, Error, burned_in};

/// Whether pictures of `source`, which errors call `name`, may go to the canvas at all. To be asked before each opening,
/// since the file may have become another. Other kinds than `dicom` always may: `config::mask` knows who needs a mask.
///
/// # Errors
/// [`Error::Dicom`]: the mask is missing, or the file cannot be asked.
pub fn check(name: &str, source: &Source) -> Result<(), Error> {
    let Kind::Dicom { location } = &source.kind else { return Ok(()) };
    if source.mask.as_ref().is_ok_and(|mask| mask.as_ref().is_some_and(Mask::covers_burned_in)) {
        return Ok(());
    }
    let fault = |fault| Error::Dicom { name: name.into(), location: location.clone(), fault };
    match burned_in(location).map_err(fault)? {
        BurnedIn::No => Ok(()),
        BurnedIn::Yes => Err(fault(DicomFault::Unmasked("is YES"))),
        BurnedIn::Untold => Err(fault(DicomFault::Unmasked("is missing"))),
    }
}
