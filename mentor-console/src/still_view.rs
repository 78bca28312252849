//! The still that is held, on the screen: a texture of its own, so that live pictures go on arriving beneath it.

use eframe::egui::{Color32, ColorImage, Context, Painter, Rect, TextureHandle, TextureOptions, pos2};

use crate::still::Picture;

/// The whole of a texture.
const WHOLE: Rect = Rect { min: pos2(0.0, 0.0), max: pos2(1.0, 1.0) };

/// Shows one still at a time.
#[derive(Default)]
pub struct StillView {
    texture: Option<TextureHandle>,
}

impl StillView {
    /// Shows `picture` from now on.
    pub fn show(&mut self, context: &Context, picture: &Picture) {
        let most = context.input(|input| input.max_texture_side);
        self.texture = Some(context.load_texture("still", image(picture, most), TextureOptions::LINEAR));
    }

    /// Frees the texture.
    pub fn clear(&mut self) {
        self.texture = None;
    }

    /// Draws the still over `place`.
    pub fn paint(&self, painter: &Painter, place: Rect) {
        if let Some(texture) = &self.texture {
            painter.image(texture.id(), place, WHOLE, Color32::WHITE);
        }
    }
}

/// The picture's pixels; every n-th of them where a texture of this machine has at most `most` along a side.
fn image(picture: &Picture, most: usize) -> ColorImage {
    let (width, height) = (usize::from(picture.header.size.width), usize::from(picture.header.size.height));
    let step = width.max(height).div_ceil(most.max(1)).max(1);
    if step == 1 {
        return ColorImage::from_rgb([width, height], &picture.rgb);
    }
    let rows = picture.rgb.chunks_exact(width * 3).step_by(step);
    let thinned: Vec<u8> = rows.flat_map(|row| row.chunks_exact(3).step_by(step)).flatten().copied().collect();
    ColorImage::from_rgb([width.div_ceil(step), height.div_ceil(step)], &thinned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::still::tests::still;

    #[test]
    fn a_still_beyond_what_a_texture_holds_is_thinned_and_keeps_its_shape() {
        let sizes = [4_096, 64, 63, 20].map(|most| image(&still(), most).size);
        assert_eq!(sizes, [[64, 36], [64, 36], [32, 18], [16, 9]]);
    }
}
