//! Colours, text sizes and spacing. Dark, calm and of high contrast: a console stands in a dimmed room beside a
//! picture that must keep the eye. States are never told by colour alone; see [`crate::icon`].

use eframe::egui::{
    Color32, Context, CornerRadius, FontFamily, FontId, Margin, Shadow, Stroke, TextStyle, Theme, Vec2, Visuals,
};

/// Behind everything, and the letterbox around the picture.
pub const GROUND: Color32 = Color32::from_rgb(10, 12, 16);
/// Toolbar and status bar.
pub const PANEL: Color32 = Color32::from_rgb(20, 24, 31);
/// A button at rest, a card.
pub const RAISED: Color32 = Color32::from_rgb(34, 40, 51);
/// A button under the pointer.
pub const HOVERED: Color32 = Color32::from_rgb(47, 56, 71);
/// Lines between parts, outlines at rest.
pub const LINE: Color32 = Color32::from_rgb(58, 68, 84);
/// What has to be read. 14:1 on [`PANEL`].
pub const TEXT: Color32 = Color32::from_rgb(232, 236, 242);
/// Captions of values. 7:1 on [`PANEL`].
pub const TEXT_QUIET: Color32 = Color32::from_rgb(161, 172, 188);
/// Text on a state's colour.
pub const TEXT_ON_STATE: Color32 = Color32::from_rgb(8, 10, 13);
/// What is chosen.
pub const CHOSEN: Color32 = Color32::from_rgb(96, 165, 250);
/// Behind words that lie on the picture: dark enough for [`TEXT`] on a white picture.
pub const VEIL: Color32 = Color32::from_rgba_premultiplied(7, 8, 11, 200);

/// All is well.
pub const GOOD: Color32 = Color32::from_rgb(74, 199, 125);
/// Look twice.
pub const CAUTION: Color32 = Color32::from_rgb(245, 186, 66);
/// Do not rely on it.
pub const ALARM: Color32 = Color32::from_rgb(255, 99, 88);
/// Not known.
pub const UNSURE: Color32 = Color32::from_rgb(178, 160, 230);

/// Done on purpose, to practise.
pub const DRILL: Color32 = Color32::from_rgb(255, 138, 216);

/// Parts of a duration, in the order they follow each other; neighbours differ in lightness too.
pub const STAGES: [Color32; 5] = [
    Color32::from_rgb(88, 130, 190),
    Color32::from_rgb(140, 190, 235),
    Color32::from_rgb(70, 150, 140),
    Color32::from_rgb(220, 190, 110),
    Color32::from_rgb(170, 120, 180),
];

/// Vital signs, as monitors colour them: heart, oxygen, pressure by catheter, pressure by cuff, breathing, others.
pub const SIGNALS: [Color32; 6] = [
    Color32::from_rgb(92, 222, 110),
    Color32::from_rgb(84, 208, 240),
    Color32::from_rgb(255, 128, 120),
    Color32::from_rgb(226, 150, 240),
    Color32::from_rgb(242, 222, 110),
    Color32::from_rgb(222, 228, 236),
];

/// Size of captions, in points.
pub const SMALL_PT: f32 = 12.5;
/// Size of most text, in points: readable at arm's length, which a mentor keeps from the screen.
pub const BODY_PT: f32 = 15.0;
/// Size of what must be read at a glance, in points.
pub const LARGE_PT: f32 = 20.0;

/// A solid colour from its sRGB codes, for colours that are defined by another crate (inks).
pub const fn from_srgb(rgb: [u8; 3]) -> Color32 {
    let [red, green, blue] = rgb;
    Color32::from_rgb(red, green, blue)
}

/// The colour as OpenGL's clear colour: sRGB codes as fractions.
pub fn to_clear_colour(colour: Color32) -> [f32; 4] {
    colour.to_normalized_gamma_f32()
}

/// Text of `size_pt` in the one typeface used.
pub fn font(size_pt: f32) -> FontId {
    FontId::new(size_pt, FontFamily::Proportional)
}

/// How far the pointer may slip while a button is pressed, in points: a pen slips further than a mouse.
const CLICK_SLIP_PT: f32 = 12.0;
/// How long a button may be held, in seconds. A slow press is meant all the same.
const CLICK_HELD_S: f64 = 10.0;

/// Gives a window this look. Nothing fades or slides: every animation would ask for repaints that cost the picture.
pub fn install(context: &Context) {
    context.set_theme(Theme::Dark);
    context.options_mut(|options| {
        options.input_options.max_click_dist = CLICK_SLIP_PT;
        options.input_options.max_click_duration = CLICK_HELD_S;
    });
    context.style_mut_of(Theme::Dark, |style| {
        style.visuals = visuals();
        style.animation_time = 0.0;
        style.interaction.selectable_labels = false;
        style.spacing.item_spacing = Vec2::new(8.0, 6.0);
        style.spacing.window_margin = Margin::same(14);
        style.text_styles = [
            (TextStyle::Small, font(SMALL_PT)),
            (TextStyle::Body, font(BODY_PT)),
            (TextStyle::Button, font(BODY_PT)),
            (TextStyle::Heading, font(LARGE_PT)),
            (TextStyle::Monospace, FontId::new(BODY_PT, FontFamily::Monospace)),
        ]
        .into();
    });
}

fn visuals() -> Visuals {
    let mut visuals = Visuals::dark();
    visuals.panel_fill = PANEL;
    visuals.window_fill = RAISED;
    visuals.window_stroke = Stroke::new(1.0, LINE);
    visuals.window_corner_radius = CornerRadius::same(8);
    visuals.window_shadow = Shadow::NONE;
    visuals.popup_shadow = Shadow::NONE;
    visuals.override_text_color = Some(TEXT);
    let widgets = &mut visuals.widgets;
    widgets.noninteractive.bg_stroke = Stroke::new(1.0, LINE);
    for (state, fill) in [(&mut widgets.inactive, RAISED), (&mut widgets.hovered, HOVERED), (&mut widgets.active, LINE)]
    {
        state.bg_fill = fill;
        state.weak_bg_fill = fill;
        state.bg_stroke = Stroke::new(1.0, LINE);
        state.fg_stroke = Stroke::new(1.5, TEXT);
        state.corner_radius = CornerRadius::same(6);
        state.expansion = 0.0;
    }
    visuals
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance as WCAG 2.2 defines it.
    fn luminance(colour: Color32) -> f32 {
        let linear = |code: u8| {
            let value = f32::from(code) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(colour.r()) + 0.7152 * linear(colour.g()) + 0.0722 * linear(colour.b())
    }

    fn contrast(a: Color32, b: Color32) -> f32 {
        let (a, b) = (luminance(a) + 0.05, luminance(b) + 0.05);
        if a > b { a / b } else { b / a }
    }

    #[test]
    fn text_keeps_the_contrast_that_small_print_needs() {
        for ground in [GROUND, PANEL, RAISED] {
            assert!(contrast(TEXT, ground) >= 10.0);
            assert!(contrast(TEXT_QUIET, ground) >= 5.5);
        }
        for state in [GOOD, CAUTION, ALARM, UNSURE, DRILL] {
            assert!(contrast(TEXT_ON_STATE, state) >= 6.5, "{state:?}");
            assert!(contrast(state, PANEL) >= 5.5, "{state:?}");
        }
        for signal in SIGNALS {
            assert!(contrast(signal, PANEL) >= 5.5, "{signal:?}");
        }
    }
}
