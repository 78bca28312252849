//! One uncompressed picture with its capture time, and conversion between formats, sizes and colours.

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_video::video_frame::{Readable, Writable};
use gstreamer_video::{VideoConverter, VideoConverterConfig, VideoFormat, VideoFrame, VideoInfo, VideoResamplerMethod};
use protocol::colour::Colour;
use protocol::geometry::{CanvasRect, SizePx};
use protocol::time::MonoTime;

use crate::colour::{self, Ranges};
use crate::component;

/// One picture in system memory, in whatever raw format its source gave. Cheap to clone: pixels are shared.
#[derive(Debug, Clone)]
pub struct Picture {
    /// The pixels.
    pub buffer: gst::Buffer,
    /// How they lie in the buffer, and their colour.
    pub info: VideoInfo,
    /// When it was captured, on this machine's clock.
    pub captured: MonoTime,
}

/// Why a picture cannot be made, read or converted.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A sample came without caps or pixels, or its caps are no raw video.
    #[error("not a raw picture: {0}; the branch must end in video/x-raw in system memory")]
    NotRaw(String),
    /// The pixels are not there, or fewer than the format needs.
    #[error("picture of {format} {width}x{height} cannot be mapped: its buffer has {bytes} bytes")]
    Unreadable {
        /// The picture's format.
        format: &'static str,
        /// Its width in pixels.
        width: u32,
        /// Its height in pixels.
        height: u32,
        /// What the buffer holds.
        bytes: usize,
    },
    /// GStreamer knows no way between the two kinds of picture.
    #[error("no conversion from {from} to {to}: {reason}")]
    NoConversion {
        /// The kind given.
        from: String,
        /// The kind wanted.
        to: String,
        /// GStreamer's reason.
        reason: String,
    },
    /// The system gave no memory for a picture.
    #[error("no memory for a picture of {0} bytes")]
    NoMemory(usize),
}

impl Picture {
    /// The picture in a sample that an `appsink` gave.
    ///
    /// # Errors
    /// [`Error::NotRaw`].
    pub fn from_sample(sample: &gst::SampleRef, captured: MonoTime) -> Result<Self, Error> {
        let caps = sample.caps().ok_or_else(|| Error::NotRaw("no caps".into()))?;
        let info = VideoInfo::from_caps(caps).map_err(|_| Error::NotRaw(caps.to_string()))?;
        let buffer = sample.buffer_owned().ok_or_else(|| Error::NotRaw("no buffer".into()))?;
        Ok(Self { buffer, info, captured })
    }

    /// Width and height. Sizes beyond 65535 pixels, which no source has, are cut to that.
    pub fn size(&self) -> SizePx {
        size(&self.info)
    }

    /// Matrix and range in which it is best carried on; see [`colour::of`].
    pub fn colour(&self) -> Colour {
        colour::of(&self.info)
    }

    /// The same pixels, said to be in `colour`.
    pub fn in_colour(mut self, colour: Colour) -> Self {
        if self.colour() != colour {
            let told = VideoInfo::builder_from_info(&self.info).colorimetry(&colour::colorimetry(colour)).build();
            self.info = told.unwrap_or(self.info);
        }
        self
    }

    /// Its pixels, for reading.
    ///
    /// # Errors
    /// [`Error::Unreadable`].
    pub fn read(&self) -> Result<VideoFrame<Readable>, Error> {
        VideoFrame::from_buffer_readable(self.buffer.clone(), &self.info)
            .map_err(|buffer| unreadable(&self.info, &buffer))
    }
}

/// Width and height of pictures of this kind.
pub fn size(info: &VideoInfo) -> SizePx {
    let px = |px: u32| u16::try_from(px).unwrap_or(u16::MAX);
    SizePx { width: px(info.width()), height: px(info.height()) }
}

/// The kind of picture that canvas, encoder and decoder speak: planar 4:2:0, 8 bit.
///
/// # Errors
/// [`Error::NotRaw`] for a size without pixels.
pub fn i420(size: SizePx, colour: Colour) -> Result<VideoInfo, Error> {
    VideoInfo::builder(VideoFormat::I420, size.width.into(), size.height.into())
        .colorimetry(&colour::colorimetry(colour))
        .build()
        .map_err(|error| Error::NotRaw(format!("{}x{}: {error}", size.width, size.height)))
}

/// Maps `buffer` as a picture of the kind `info`, for writing. The buffer must not be shared.
///
/// # Errors
/// [`Error::Unreadable`], also for a buffer that someone else holds too.
pub fn write(buffer: gst::Buffer, info: &VideoInfo) -> Result<VideoFrame<Writable>, Error> {
    VideoFrame::from_buffer_writable(buffer, info).map_err(|buffer| unreadable(info, &buffer))
}

/// Memory for pictures of one kind, used again when a picture is no longer held.
#[derive(Debug)]
pub struct Pool {
    pool: gst::BufferPool,
    bytes: usize,
}

impl Pool {
    /// Memory for pictures of the kind `info`. There is no upper bound: every picture is held by a slot or a stage
    /// that holds one at a time.
    ///
    /// # Errors
    /// [`Error::NoMemory`] if GStreamer refuses the size.
    pub fn new(info: &VideoInfo) -> Result<Self, Error> {
        let bytes = info.size();
        let no_memory = || Error::NoMemory(bytes);
        let pool = gst::BufferPool::new();
        let mut config = pool.config();
        config.set_params(None, u32::try_from(bytes).map_err(|_| no_memory())?, 0, 0);
        pool.set_config(config).map_err(|_| no_memory())?;
        pool.set_active(true).map_err(|_| no_memory())?;
        Ok(Self { pool, bytes })
    }

    /// Memory for one picture, with whatever was in it before.
    ///
    /// # Errors
    /// [`Error::NoMemory`].
    pub fn buffer(&self) -> Result<gst::Buffer, Error> {
        self.pool.acquire_buffer(None).map_err(|_| Error::NoMemory(self.bytes))
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        // Pictures still held elsewhere keep their memory and free it themselves.
        if let Err(error) = self.pool.set_active(false) {
            tracing::warn!("picture memory: {error}");
        }
    }
}

/// Turns pictures of one kind into another kind: format, size, matrix and range. Works on the calling thread, holds
/// nothing between two calls.
#[derive(Debug)]
pub struct Converter {
    converter: VideoConverter,
    from: VideoInfo,
    to: VideoInfo,
    /// What is done to the codes afterwards, where only the range differs.
    range: Option<Ranges>,
    /// Where.
    place: CanvasRect,
    pool: Pool,
}

impl Converter {
    /// Fills the whole of the new picture.
    ///
    /// # Errors
    /// [`Error::NoConversion`].
    pub fn new(from: &VideoInfo, to: &VideoInfo) -> Result<Self, Error> {
        Self::build(from, to, config(from, size(to)), whole_of(to))
    }

    /// Scales what lies in the rectangle `place` onto the whole of the new picture.
    ///
    /// # Errors
    /// [`Error::NoConversion`].
    pub fn out_of_rect(from: &VideoInfo, place: CanvasRect, to: &VideoInfo) -> Result<Self, Error> {
        let mut config = config(from, size(to));
        config.set_src_x(place.x.into());
        config.set_src_y(place.y.into());
        config.set_src_width(Some(place.size.width.into()));
        config.set_src_height(Some(place.size.height.into()));
        Self::build(from, to, config, whole_of(to))
    }

    /// Scales into the rectangle `place` of the new picture; [`Converter::convert`] makes what lies around it black.
    ///
    /// # Errors
    /// [`Error::NoConversion`].
    pub fn into_rect(from: &VideoInfo, to: &VideoInfo, place: CanvasRect) -> Result<Self, Error> {
        let mut config = config(from, place.size);
        config.set_dest_x(place.x.into());
        config.set_dest_y(place.y.into());
        config.set_dest_width(Some(place.size.width.into()));
        config.set_dest_height(Some(place.size.height.into()));
        Self::build(from, to, config, place)
    }

    /// Whether this is the converter for pictures of the kind `from`, so that it need not be made anew.
    pub fn takes(&self, from: &VideoInfo) -> bool {
        self.from == *from
    }

    /// The kind of picture it makes.
    pub fn output(&self) -> &VideoInfo {
        &self.to
    }

    /// `picture` as the new kind, with the same capture time.
    ///
    /// # Errors
    /// [`Error::Unreadable`] or [`Error::NoMemory`]; also a picture of another kind than this converter was made for.
    pub fn convert(&self, picture: &Picture) -> Result<Picture, Error> {
        if !self.takes(&picture.info) {
            return Err(Error::NoConversion {
                from: describe(&picture.info),
                to: describe(&self.to),
                reason: format!("this converter takes {}", describe(&self.from)),
            });
        }
        let source = picture.read()?;
        let mut target = write(self.pool.buffer()?, &self.to)?;
        self.converter.frame(&source, &mut target);
        if let Some(range) = &self.range {
            range.apply(&mut target, self.place);
        }
        Ok(Picture { buffer: target.into_buffer(), info: self.to.clone(), captured: picture.captured })
    }

    fn build(from: &VideoInfo, to: &VideoInfo, config: VideoConverterConfig, place: CanvasRect) -> Result<Self, Error> {
        let refused = |reason: gst::glib::BoolError| Error::NoConversion {
            from: describe(from),
            to: describe(to),
            reason: reason.message.into_owned(),
        };
        // Frame rate and interlacing are not this converter's matter; it refuses infos that differ in them.
        let to = VideoInfo::builder_from_info(to)
            .fps(from.fps())
            .interlace_mode(from.interlace_mode())
            .build()
            .map_err(refused)?;
        let (told, range) = (colour::as_converted(from, &to).map_err(refused)?, Ranges::between(from, &to));
        let converter = VideoConverter::new(&told, &to, Some(config)).map_err(refused)?;
        let pool = Pool::new(&to)?;
        Ok(Self { converter, from: from.clone(), to, range, place, pool })
    }
}

/// The kind in which pictures of the kind `info` are carried with all they show: one byte a component, in their own format
/// if it has that ([`component::in_bytes`]), laid out by default. Progressive and square pixels are understood.
///
/// # Errors
/// [`Error::NotRaw`] for a size without pixels.
pub fn whole(info: &VideoInfo) -> Result<VideoInfo, Error> {
    VideoInfo::builder(component::in_bytes(info), info.width(), info.height())
        .colorimetry(&info.colorimetry())
        .chroma_site(info.chroma_site())
        .build()
        .map_err(|error| Error::NotRaw(format!("{}x{}: {error}", info.width(), info.height())))
}

fn whole_of(info: &VideoInfo) -> CanvasRect {
    CanvasRect { x: 0, y: 0, size: size(info) }
}

/// A copy of `picture` of its [`whole`] kind that nobody else holds. `converter` is kept from picture to picture and made
/// anew where they become others.
///
/// # Errors
/// See [`Converter::new`] and [`Converter::convert`].
pub fn copy(picture: &Picture, converter: &mut Option<Converter>) -> Result<Picture, Error> {
    convert_with(converter, picture, || whole(&picture.info))
}

/// The same in planar 4:2:0.
///
/// # Errors
/// See [`Converter::new`] and [`Converter::convert`].
pub fn planar(picture: &Picture, converter: &mut Option<Converter>) -> Result<Picture, Error> {
    convert_with(converter, picture, || i420(picture.size(), picture.colour()))
}

fn convert_with(
    converter: &mut Option<Converter>,
    picture: &Picture,
    to: impl FnOnce() -> Result<VideoInfo, Error>,
) -> Result<Picture, Error> {
    let kept = match converter.take().filter(|converter| converter.takes(&picture.info)) {
        Some(kept) => kept,
        None => Converter::new(&picture.info, &to()?)?,
    };
    converter.insert(kept).convert(picture)
}

/// How much narrower the filter of a reduction is than GStreamer's, whose triangle reaches over two pixels of the new
/// picture: its sharpest. At half the size it is the mean of two by two pixels then, so that a line of one pixel keeps half
/// of its contrast; the triangle leaves three eighths. Its option is said to be Lanczos's alone, but holds for every method.
const SHARPNESS: f64 = 1.5;

/// Linear: half the time of the default cubic filter, and at the scales used here (0.25 to 1) no worse to look at. A
/// reduction is made sharper; an enlargement is not, which would turn into blocks.
fn config(from: &VideoInfo, new: SizePx) -> VideoConverterConfig {
    let mut config = VideoConverterConfig::new();
    config.set_resampler_method(VideoResamplerMethod::Linear);
    if u32::from(new.width) < from.width() && u32::from(new.height) < from.height() {
        config.set("GstVideoResampler.sharpness", SHARPNESS);
    }
    config
}

fn describe(info: &VideoInfo) -> String {
    format!("{} {}x{} {}", info.format().to_str(), info.width(), info.height(), info.colorimetry())
}

fn unreadable(info: &VideoInfo, buffer: &gst::BufferRef) -> Error {
    Error::Unreadable {
        format: info.format().to_str(),
        width: info.width(),
        height: info.height(),
        bytes: buffer.size(),
    }
}
