//! How stored values of X-ray become greys: rescaled (Modality LUT, PS3.3 C.11.1), windowed (VOI LUT, C.11.2), turned round
//! where low values are bright (MONOCHROME1). All of it is one table, made once.

/// Where a sample's bits lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// How many bits there are, 1 to 16.
    pub bits: u32,
    /// How many lie below them, 0 to 15.
    pub shift: u32,
    /// Whether the highest of them means negative values.
    pub signed: bool,
}

/// Which values are shown as black, grey and white.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Window {
    /// From black to white in a straight line, as C.11.2.1.2.1 has it for whole numbers.
    Linear {
        /// The middle grey.
        center: f64,
        /// From black to white.
        width: f64,
    },
    /// The same for any numbers (LINEAR_EXACT, C.11.2.1.3.2).
    Exact {
        /// See [`Window::Linear`].
        center: f64,
        /// See [`Window::Linear`].
        width: f64,
    },
    /// A soft curve (SIGMOID, C.11.2.1.3.1).
    Sigmoid {
        /// The middle grey.
        center: f64,
        /// How wide it is.
        width: f64,
    },
}

/// From a stored value to a grey.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Curve {
    /// RescaleSlope.
    pub slope: f64,
    /// RescaleIntercept.
    pub intercept: f64,
    /// `None` shows everything that can be stored.
    pub window: Option<Window>,
    /// Whether low values are bright.
    pub inverted: bool,
}

/// Everything about greys.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Grey {
    /// Where the bits lie.
    pub stored: Stored,
    /// What they mean.
    pub curve: Curve,
}

/// The grey of every sample.
#[derive(Debug)]
pub struct Table {
    shift: u32,
    greys: Vec<u8>,
}

impl Grey {
    /// The table: at most 64 KiB.
    pub fn table(&self) -> Table {
        let Stored { bits, shift, signed } = self.stored;
        let count = 1_i64 << bits.min(16);
        let value = |raw: i64| if signed && raw >= count / 2 { raw - count } else { raw };
        let (low, high) = if signed { (-count / 2, count / 2 - 1) } else { (0, count - 1) };
        let ends = [low, high].map(|value| self.curve.rescaled(value));
        let greys = (0..count).map(|raw| self.curve.grey(value(raw), ends)).collect();
        Table { shift, greys }
    }
}

impl Curve {
    fn rescaled(&self, value: i64) -> f64 {
        value as f64 * self.slope + self.intercept
    }

    /// The grey of a stored value, where `ends` are the rescaled values that can be stored.
    fn grey(&self, value: i64, ends: [f64; 2]) -> u8 {
        let x = self.rescaled(value);
        let part = match self.window {
            Some(Window::Linear { center, width }) if width > 1.0 => (x - (center - 0.5)) / (width - 1.0) + 0.5,
            // One value wide: what lies above is white.
            Some(Window::Linear { center, .. }) => f64::from(u8::from(x > center - 0.5)),
            Some(Window::Exact { center, width }) => (x - center) / width + 0.5,
            Some(Window::Sigmoid { center, width }) => 1.0 / (1.0 + (-4.0 * (x - center) / width).exp()),
            None => {
                let (low, high) = (ends[0].min(ends[1]), ends[0].max(ends[1]));
                (x - low) / (high - low).max(1e-9)
            }
        };
        let part = if self.inverted { 1.0 - part } else { part };
        (part.clamp(0.0, 1.0) * 255.0).round() as u8
    }
}

impl Table {
    /// The grey of a sample as it stands in the file.
    pub fn grey(&self, sample: u16) -> u8 {
        // Bits above those that count are left out (overlays of old files lie there).
        let raw = usize::from(sample >> self.shift.min(15)) & (self.greys.len() - 1);
        self.greys.get(raw).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Curve = Curve { slope: 1.0, intercept: 0.0, window: None, inverted: false };

    fn greys<const N: usize>(stored: Stored, curve: Curve, samples: [u16; N]) -> [u8; N] {
        let table = Grey { stored, curve }.table();
        samples.map(|sample| table.grey(sample))
    }

    const UNSIGNED: Stored = Stored { bits: 12, shift: 0, signed: false };

    #[test]
    fn without_a_window_everything_that_can_be_stored_is_shown() {
        assert_eq!(greys(UNSIGNED, PLAIN, [0, 2_048, 4_095]), [0, 128, 255]);
        let signed = Stored { signed: true, ..UNSIGNED };
        assert_eq!(greys(signed, PLAIN, [0x800, 0, 0x7ff]), [0, 128, 255]);
    }

    #[test]
    fn a_window_is_what_the_standard_says_at_its_edges() {
        // The example of C.11.2.1.2.1: center 2048, width 4096.
        let window = Some(Window::Linear { center: 2_048.0, width: 4_096.0 });
        assert_eq!(greys(UNSIGNED, Curve { window, ..PLAIN }, [0, 4_095]), [0, 255]);
        let window = Some(Window::Linear { center: 100.0, width: 1.0 });
        assert_eq!(greys(UNSIGNED, Curve { window, ..PLAIN }, [99, 100]), [0, 255]);
        let window = Some(Window::Exact { center: 100.0, width: 200.0 });
        assert_eq!(greys(UNSIGNED, Curve { window, ..PLAIN }, [0, 100, 200, 4_000]), [0, 128, 255, 255]);
        let window = Some(Window::Sigmoid { center: 100.0, width: 100.0 });
        assert_eq!(greys(UNSIGNED, Curve { window, ..PLAIN }, [0, 100, 200]), [5, 128, 250]);
    }

    #[test]
    fn values_are_rescaled_before_the_window_and_turned_round_after_it() {
        let window = Some(Window::Exact { center: 0.0, width: 2_000.0 });
        let curve = Curve { slope: 2.0, intercept: -1_000.0, window, inverted: false };
        assert_eq!(greys(UNSIGNED, curve, [0, 500, 1_000]), [0, 128, 255]);
        assert_eq!(greys(UNSIGNED, Curve { inverted: true, ..curve }, [0, 500, 1_000]), [255, 128, 0]);
    }

    #[test]
    fn bits_beside_those_that_count_change_nothing() {
        let stored = Stored { bits: 8, shift: 4, signed: false };
        assert_eq!(greys(stored, PLAIN, [0xf000, 0xffff, 0x0ff0]), [0, 255, 255]);
    }
}
