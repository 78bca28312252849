//! Decodes one frame of JPEG Baseline (ITU-T T.81, as PS3.5 A.4.1 uses it) into interleaved samples. Strictly: what is
//! cut or damaged is an error, and never a picture that is half grey.

use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use super::Fault;
use super::image::{Coding, Image, Order};

/// Decodes `bytes` into `samples`, whose former contents go. How the samples are to be read.
///
/// # Errors
/// It is no JPEG, is damaged, or is not what `image` tells.
pub fn decode(bytes: &[u8], image: &Image, samples: &mut Vec<u8>) -> Result<Coding, Fault> {
    let (width, height) = (usize::from(image.size.width), usize::from(image.size.height));
    let options = DecoderOptions::default().set_strict_mode(true).set_max_width(width).set_max_height(height);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(malformed)?;
    if decoder.dimensions() != Some((width, height)) {
        return Err(malformed(format!("it is not of {width}x{height} pixels, as Columns and Rows tell")));
    }
    // Samples are taken as they are; who shows the picture converts them, once.
    let (space, coding) = match (image.coding, decoder.input_colorspace()) {
        (Coding::Grey8, Some(ColorSpace::Luma)) => (ColorSpace::Luma, Coding::Grey8),
        (Coding::Rgb(_), Some(ColorSpace::YCbCr)) => (ColorSpace::YCbCr, Coding::Rgb(Order::Interleaved)),
        (Coding::Ybr(_) | Coding::Ybr422, Some(ColorSpace::YCbCr)) => {
            (ColorSpace::YCbCr, Coding::Ybr(Order::Interleaved))
        }
        (Coding::Rgb(_) | Coding::Ybr(_) | Coding::Ybr422, Some(ColorSpace::RGB)) => {
            (ColorSpace::RGB, Coding::Rgb(Order::Interleaved))
        }
        _ => return Err(malformed("its samples are not those that PhotometricInterpretation and BitsAllocated tell")),
    };
    decoder.set_options(options.jpeg_set_out_colorspace(space));
    samples.clear();
    samples.resize(decoder.output_buffer_size().unwrap_or(0), 0);
    decoder.decode_into(samples).map_err(malformed)?;
    Ok(coding)
}

fn malformed(error: impl std::fmt::Display) -> Fault {
    Fault::Malformed(format!("a frame of JPEG: {error}"))
}
