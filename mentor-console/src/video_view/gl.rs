//! The picture's own OpenGL program: luma and interleaved chroma in, light out. The one place with unsafe code in the console,
//! since every call of OpenGL is unsafe in Rust; nothing but OpenGL happens here.
#![expect(unsafe_code, reason = "OpenGL can only be called so; each block names why its calls are sound")]

use std::sync::Arc;

use eframe::egui_glow::ShaderVersion;
use eframe::glow::{self, HasContext as _, PixelUnpackData};

use super::conversion::Conversion;

const VERTEX: &str = include_str!("vertex.glsl");
const FRAGMENT: &str = include_str!("fragment.glsl");

/// Names of the planes' samplers in the shader, in the order of the planes.
const SAMPLERS: [&str; 2] = ["u_luma", "u_chroma"];
/// Conversions whose shaders are kept: every colour there is, live and stale.
const MAX_SHADERS: usize = 8;
/// The corners of the rectangle as a triangle strip.
const CORNERS: [f32; 8] = [0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 1.0, 1.0];

/// One plane of a picture in memory.
#[derive(Debug, Clone, Copy)]
pub struct Plane<'a> {
    /// At least `stride * (height - 1) + width` samples.
    pub bytes: &'a [u8],
    /// Samples from one row to the next.
    pub stride: usize,
    /// Samples in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// What a sample is.
    pub sample: Sample,
}

/// What one sample of a plane holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sample {
    /// Luma: one byte.
    Luma,
    /// Blue, then red difference: two bytes.
    Chroma,
}

impl Sample {
    fn bytes(self) -> usize {
        match self {
            Self::Luma => 1,
            Self::Chroma => 2,
        }
    }

    /// Its name inside the texture and in memory.
    fn formats(self, dialect: ShaderVersion) -> (u32, u32) {
        match (self, dialect.is_new_shader_interface()) {
            (Self::Luma, true) => (glow::R8, glow::RED),
            (Self::Luma, false) => (glow::LUMINANCE, glow::LUMINANCE),
            (Self::Chroma, true) => (glow::RG8, glow::RG),
            (Self::Chroma, false) => (glow::LUMINANCE_ALPHA, glow::LUMINANCE_ALPHA),
        }
    }
}

/// How a picture is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Look {
    /// Its colour equations.
    pub conversion: Conversion,
    /// Whether one sample of luma covers exactly one pixel of the window, so that nothing has to be interpolated.
    pub exact: bool,
}

/// Why the program cannot be made on this machine's OpenGL.
#[derive(Debug, thiserror::Error)]
#[error("OpenGL cannot draw video: {0}; OpenGL 2.1 or OpenGL ES 2.0 is needed, check the graphics driver")]
pub struct Error(String);

/// The shaders with their textures.
pub struct Program {
    gl: Arc<glow::Context>,
    dialect: ShaderVersion,
    /// One for each conversion in use, the equations written into it: software OpenGL fetches a uniform anew for every
    /// pixel, which costs as much as a sample.
    shaders: Vec<(Conversion, glow::Program)>,
    corners: glow::Buffer,
    vertex_array: Option<glow::VertexArray>,
    planes: [Texture; 2],
}

struct Texture {
    name: glow::Texture,
    size: Option<(usize, usize)>,
}

impl Program {
    /// Compiles the shader of `first` and makes the textures. The context of `gl` must be current on this thread, as it is
    /// whenever eframe calls.
    ///
    /// # Errors
    /// The driver refuses a shader or an object.
    pub fn new(gl: Arc<glow::Context>, first: Conversion) -> Result<Self, Error> {
        let dialect = ShaderVersion::get(&gl);
        let shaders = vec![(first, link(&gl, dialect, &first)?)];
        // SAFETY: the context is current; every object used was made from it.
        unsafe {
            let corners = gl.create_buffer().map_err(Error)?;
            let vertex_array =
                has_vertex_arrays(&gl, dialect).then(|| gl.create_vertex_array().map_err(Error)).transpose()?;
            let texture = || gl.create_texture().map(|name| Texture { name, size: None }).map_err(Error);
            let planes = [texture()?, texture()?];
            let bytes: Vec<u8> = CORNERS.iter().flat_map(|value| value.to_ne_bytes()).collect();
            gl.bind_buffer(glow::ARRAY_BUFFER, Some(corners));
            gl.buffer_data_u8_slice(glow::ARRAY_BUFFER, &bytes, glow::STATIC_DRAW);
            gl.bind_buffer(glow::ARRAY_BUFFER, None);
            Ok(Self { gl, dialect, shaders, corners, vertex_array, planes })
        }
    }

    /// Hands a new picture to the GPU: luma and chroma.
    pub fn upload(&mut self, planes: [Plane<'_>; 2]) {
        for (texture, plane) in self.planes.iter_mut().zip(planes) {
            texture.upload(&self.gl, self.dialect, plane);
        }
    }

    /// Draws the picture over the whole current viewport.
    ///
    /// # Errors
    /// The driver refuses the shader of a conversion that was not drawn before.
    pub fn draw(&mut self, look: &Look) -> Result<(), Error> {
        let shader = self.shader(&look.conversion)?;
        let gl = &self.gl;
        // SAFETY: the context is current, every object was made from it, and the buffer holds the four corners that
        // the call draws. What egui relies on afterwards it sets again itself after each callback.
        unsafe {
            gl.use_program(Some(shader));
            self.set_uniforms(shader, look);
            for (unit, texture) in (0..).zip(&self.planes) {
                gl.active_texture(glow::TEXTURE0 + unit);
                gl.bind_texture(glow::TEXTURE_2D, Some(texture.name));
                let filter = if look.exact { glow::NEAREST } else { glow::LINEAR };
                gl.tex_parameter_i32(glow::TEXTURE_2D, glow::TEXTURE_MIN_FILTER, filter.cast_signed());
                gl.tex_parameter_i32(glow::TEXTURE_2D, glow::TEXTURE_MAG_FILTER, filter.cast_signed());
            }
            gl.disable(glow::BLEND);
            if self.vertex_array.is_some() {
                gl.bind_vertex_array(self.vertex_array);
            }
            gl.bind_buffer(glow::ARRAY_BUFFER, Some(self.corners));
            gl.enable_vertex_attrib_array(0);
            gl.vertex_attrib_pointer_f32(0, 2, glow::FLOAT, false, 0, 0);
            gl.draw_arrays(glow::TRIANGLE_STRIP, 0, 4);
            gl.bind_buffer(glow::ARRAY_BUFFER, None);
            if self.vertex_array.is_some() {
                gl.bind_vertex_array(None);
            }
            gl.active_texture(glow::TEXTURE0);
        }
        Ok(())
    }

    /// Frees what the program holds. Must be the last call, with the context current.
    pub fn destroy(&self) {
        // SAFETY: the context is current and every object was made from it.
        unsafe {
            for (_, shader) in &self.shaders {
                self.gl.delete_program(*shader);
            }
            self.gl.delete_buffer(self.corners);
            if let Some(vertex_array) = self.vertex_array {
                self.gl.delete_vertex_array(vertex_array);
            }
            for texture in &self.planes {
                self.gl.delete_texture(texture.name);
            }
        }
    }

    fn shader(&mut self, conversion: &Conversion) -> Result<glow::Program, Error> {
        if let Some((_, shader)) = self.shaders.iter().find(|(made, _)| made == conversion) {
            return Ok(*shader);
        }
        if self.shaders.len() >= MAX_SHADERS {
            let (_, oldest) = self.shaders.remove(0);
            // SAFETY: the context is current and the shader was made from it.
            unsafe { self.gl.delete_program(oldest) };
        }
        let shader = link(&self.gl, self.dialect, conversion)?;
        self.shaders.push((*conversion, shader));
        Ok(shader)
    }

    fn set_uniforms(&self, shader: glow::Program, look: &Look) {
        let gl = &self.gl;
        // SAFETY: the program is in use; a uniform that the compiler left out is `None`, which OpenGL ignores.
        unsafe {
            let place = |name: &str| gl.get_uniform_location(shader, name);
            for (unit, name) in (0..).zip(SAMPLERS) {
                gl.uniform_1_i32(place(name).as_ref(), unit);
            }
            gl.uniform_2_f32(place("u_chroma_shift").as_ref(), self.chroma_shift(look), 0.0);
        }
    }

    /// H.264 places chroma samples on the left one of the two luma columns they serve (ITU-T H.264 figure E-1, type
    /// 0), a quarter of their own width left of the middle. It matters only when interpolating.
    fn chroma_shift(&self, look: &Look) -> f32 {
        let [_, chroma] = &self.planes;
        match chroma.size {
            Some((width, _)) if !look.exact => 0.25 / width as f32,
            _ => 0.0,
        }
    }
}

impl Texture {
    fn upload(&mut self, gl: &glow::Context, dialect: ShaderVersion, plane: Plane<'_>) {
        let sample_bytes = plane.sample.bytes();
        let needed = (plane.stride * plane.height.saturating_sub(1) + plane.width) * sample_bytes;
        if plane.bytes.len() < needed || plane.width == 0 || plane.height == 0 || plane.stride < plane.width {
            return;
        }
        // SAFETY: the context is current; `needed` bytes are there, which is what OpenGL reads for this size and row
        // length. glow takes sizes as signed 32 bit, far above what a picture has.
        unsafe {
            gl.bind_texture(glow::TEXTURE_2D, Some(self.name));
            if self.size != Some((plane.width, plane.height)) {
                allocate(gl, dialect, plane);
                self.size = Some((plane.width, plane.height));
            }
            gl.pixel_store_i32(glow::UNPACK_ALIGNMENT, 1);
            if dialect == ShaderVersion::Es100 {
                // OpenGL ES 2.0 has no row length.
                for (row, bytes) in (0..plane.height).zip(plane.bytes.chunks(plane.stride * sample_bytes)) {
                    part(gl, dialect, row, Plane { bytes, height: 1, ..plane });
                }
            } else {
                gl.pixel_store_i32(glow::UNPACK_ROW_LENGTH, plane.stride as i32);
                part(gl, dialect, 0, plane);
                gl.pixel_store_i32(glow::UNPACK_ROW_LENGTH, 0);
            }
            gl.bind_texture(glow::TEXTURE_2D, None);
        }
    }
}

/// # Safety
/// The context is current and a texture is bound.
unsafe fn allocate(gl: &glow::Context, dialect: ShaderVersion, plane: Plane<'_>) {
    let (inside, outside) = plane.sample.formats(dialect);
    let (width, height) = (plane.width as i32, plane.height as i32);
    // SAFETY: as above; without data OpenGL reads nothing.
    unsafe {
        let nothing = PixelUnpackData::Slice(None);
        gl.tex_image_2d(
            glow::TEXTURE_2D,
            0,
            inside.cast_signed(),
            width,
            height,
            0,
            outside,
            glow::UNSIGNED_BYTE,
            nothing,
        );
        for side in [glow::TEXTURE_WRAP_S, glow::TEXTURE_WRAP_T] {
            gl.tex_parameter_i32(glow::TEXTURE_2D, side, glow::CLAMP_TO_EDGE.cast_signed());
        }
    }
}

/// # Safety
/// The context is current, a texture of this width is bound, and `plane` holds its rows in the row length set.
unsafe fn part(gl: &glow::Context, dialect: ShaderVersion, row: usize, plane: Plane<'_>) {
    let (_, outside) = plane.sample.formats(dialect);
    let data = PixelUnpackData::Slice(Some(plane.bytes));
    let (row, width, height) = (row as i32, plane.width as i32, plane.height as i32);
    // SAFETY: as above.
    unsafe { gl.tex_sub_image_2d(glow::TEXTURE_2D, 0, 0, row, width, height, outside, glow::UNSIGNED_BYTE, data) };
}

fn has_vertex_arrays(gl: &glow::Context, dialect: ShaderVersion) -> bool {
    let extensions = gl.supported_extensions();
    dialect.is_new_shader_interface()
        || extensions.contains("GL_ARB_vertex_array_object")
        || extensions.contains("GL_OES_vertex_array_object")
}

fn link(gl: &glow::Context, dialect: ShaderVersion, conversion: &Conversion) -> Result<glow::Program, Error> {
    let head = format!(
        "{}\n#define NEW_INTERFACE {}\n{}",
        dialect.version_declaration(),
        i32::from(dialect.is_new_shader_interface()),
        conversion.glsl(),
    );
    // SAFETY: the context is current; objects are made from it and used at once.
    unsafe {
        let program = gl.create_program().map_err(Error)?;
        gl.bind_attrib_location(program, 0, "a_corner");
        for (kind, source) in [(glow::VERTEX_SHADER, VERTEX), (glow::FRAGMENT_SHADER, FRAGMENT)] {
            let shader = gl.create_shader(kind).map_err(Error)?;
            gl.shader_source(shader, &format!("{head}{source}"));
            gl.compile_shader(shader);
            if !gl.get_shader_compile_status(shader) {
                return Err(Error(gl.get_shader_info_log(shader)));
            }
            gl.attach_shader(program, shader);
            gl.delete_shader(shader);
        }
        gl.link_program(program);
        if !gl.get_program_link_status(program) {
            return Err(Error(gl.get_program_info_log(program)));
        }
        Ok(program)
    }
}
