//! A picture's number in the picture itself, as a row of black and white blocks that survives H.264: what a decoded
//! picture is known by, whichever way it came.

/// Blocks across the picture: 16 of the number, 8 that check it.
const BLOCKS: usize = 24;
/// A block's height in luma rows: one macroblock, so that a lost one cannot be mended from half of it.
pub const HEIGHT: usize = 16;
/// Luma of a block that means 1; well inside the limited range, so that ringing does not clip.
const WHITE: u8 = 200;
/// Luma of a block that means 0.
const BLACK: u8 = 40;
/// A block whose mean is nearer to the middle than this is not read: neither value is that far off in a whole picture.
const UNSURE: i32 = 30;

/// Numbers that can be told apart. A run has fewer frames.
pub const NUMBERS: u64 = 1 << 16;

/// Writes `number` (modulo [`NUMBERS`]) into the top rows of a luma plane.
pub fn write(luma: &mut [u8], stride: usize, width: usize, number: u64) {
    let code = code(number);
    for row in luma.chunks_mut(stride.max(1)).take(HEIGHT) {
        for (x, pixel) in row.iter_mut().take(width).enumerate() {
            let block = (x * BLOCKS / width.max(1)).min(BLOCKS - 1);
            *pixel = if code >> block & 1 == 1 { WHITE } else { BLACK };
        }
    }
}

/// The number in the top rows of a luma plane; `None` if it cannot be trusted.
pub fn read(luma: &[u8], stride: usize, width: usize) -> Option<u64> {
    let mut code = 0;
    for block in 0..BLOCKS {
        let mean = mean(luma, stride, block * width / BLOCKS..(block + 1) * width / BLOCKS)?;
        let above = mean - i32::from(BLACK).midpoint(i32::from(WHITE));
        if above.abs() < UNSURE {
            return None;
        }
        code |= u32::from(above > 0) << block;
    }
    let number = u64::from(code & 0xffff);
    (self::code(number) == code).then_some(number)
}

/// The mean of a block's inner half, where the neighbours' edges do not reach.
fn mean(luma: &[u8], stride: usize, columns: std::ops::Range<usize>) -> Option<i32> {
    let margin = columns.len() / 4;
    let inner = columns.start + margin..columns.end - margin;
    let rows = luma.chunks(stride.max(1)).take(HEIGHT).skip(HEIGHT / 4).take(HEIGHT / 2);
    let (mut sum, mut count) = (0, 0);
    for row in rows {
        for pixel in row.get(inner.clone())? {
            sum += i32::from(*pixel);
            count += 1;
        }
    }
    (count > 0).then(|| sum / count)
}

/// 16 bits of number below 8 that check them.
fn code(number: u64) -> u32 {
    let number = (number % NUMBERS) as u32;
    // Knuth's multiplicative hash: neighbouring numbers differ in about half of the bits that check.
    let check = number.wrapping_add(1).wrapping_mul(2_654_435_761) >> 24;
    number | check << 16
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDTH: usize = 1280;
    const STRIDE: usize = 1312;

    fn written(number: u64) -> Vec<u8> {
        let mut luma = vec![77; STRIDE * 64];
        write(&mut luma, STRIDE, WIDTH, number);
        luma
    }

    #[test]
    fn what_is_written_is_read() {
        for number in [0, 1, 2, 599, 600, 40_000, NUMBERS - 1] {
            assert_eq!(read(&written(number), STRIDE, WIDTH), Some(number));
        }
    }

    #[test]
    fn coarse_coding_does_not_hurt_it() {
        let mut luma = written(1234);
        luma.iter_mut().enumerate().for_each(|(at, pixel)| *pixel = pixel.saturating_add((at % 37) as u8) & 0xf0);
        assert_eq!(read(&luma, STRIDE, WIDTH), Some(1234));
    }

    #[test]
    fn grey_or_another_frames_blocks_are_not_taken_for_a_number() {
        assert_eq!(read(&vec![120; STRIDE * 64], STRIDE, WIDTH), None);
        let (mut mixed, other) = (written(511), written(512));
        mixed.chunks_mut(STRIDE).zip(other.chunks(STRIDE)).for_each(|(row, other)| {
            row[..WIDTH / 3].copy_from_slice(&other[..WIDTH / 3]);
        });
        assert_eq!(read(&mixed, STRIDE, WIDTH), None);
    }

    #[test]
    fn a_plane_too_small_for_it_has_no_number() {
        assert_eq!(read(&[0; 100], 100, WIDTH), None);
    }
}
