//! The colours of the inks, the same at every end. Nothing else in the project names a mark's colour.

use protocol::mark::Ink;

/// Red, green and blue as the screen takes them (sRGB, IEC 61966-2-1).
pub type Srgb = [u8; 3];

/// Tissue is red to yellow; this hue is opposite, and light enough to stand on blood.
const GREEN: Srgb = [25, 230, 75];
/// As far from tissue, and told from [`GREEN`] by the commonest colour blindness, which is to red and green.
const CYAN: Srgb = [0, 210, 255];
/// Strong on the greys of fluoroscopy, light or dark.
const YELLOW: Srgb = [255, 225, 0];
/// The lightest there is.
const WHITE: Srgb = [255, 255, 255];

/// The colour of an ink.
pub const fn srgb(ink: Ink) -> Srgb {
    match ink {
        Ink::Green => GREEN,
        Ink::Cyan => CYAN,
        Ink::Yellow => YELLOW,
        Ink::White => WHITE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_inks_look_alike() {
        let inks = [Ink::Green, Ink::Cyan, Ink::Yellow, Ink::White].map(srgb);
        for (n, one) in inks.iter().enumerate() {
            for other in &inks[n + 1..] {
                let apart: i32 = one.iter().zip(other).map(|(a, b)| (i32::from(*a) - i32::from(*b)).abs()).sum();
                assert!(apart > 120, "{one:?} {other:?}");
            }
        }
    }
}
