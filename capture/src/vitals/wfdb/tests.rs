//! Records whatever their files hold.

use proptest::prelude::*;

use super::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_the_files_hold_is_read_within_them_or_refused(
        format in prop::sample::select(vec!["16", "24", "32", "61", "80", "160", "212", "212x4", "16:9+3", "16x1000"]),
        frames in prop::sample::select(vec!["", "0", "7", "18446744073709551615"]),
        bytes in prop::collection::vec(any::<u8>(), 0..64), at: u64, number: u64, seed: u64,
    ) {
        let folder = std::env::temp_dir().join(format!("wfdb-{seed:x}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let signal = |name: &str| format!("rec.dat {format} 200/mV 12 0 0 0 0 {name}\n");
        let header = format!("rec 2 250 {frames}\n{}{}", signal("II"), signal("V5"));
        fs::write(folder.join("rec.hea"), header).unwrap();
        fs::write(folder.join("rec.dat"), &bytes).unwrap();
        let record = Record::open(&folder.join("rec"));
        fs::remove_dir_all(&folder).unwrap();
        if let Ok(record) = record {
            prop_assert!(record.frames() <= bytes.len() as u64);
            for (channels, _, frames) in record.between(0, u64::MAX) {
                for channel in channels {
                    channel.sample(at, number);
                    channel.sample(frames.end, 0);
                }
            }
        }
    }
}

#[test]
fn a_signal_that_was_sampled_later_is_read_further_on() {
    let folder = std::env::temp_dir().join(format!("wfdb-skew-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("rec.hea"), "rec 2 250 3\nrec.dat 16 200 12 0 0 0 0 II\nrec.dat 16:1 200 12 0 0 0 0 V5\n")
        .unwrap();
    let samples: Vec<u8> = [1_i16, 10, 2, 20, 3, 30].iter().flat_map(|sample| sample.to_le_bytes()).collect();
    fs::write(folder.join("rec.dat"), samples).unwrap();
    let record = Record::open(&folder.join("rec.hea")).unwrap();
    fs::remove_dir_all(&folder).unwrap();
    let (channels, ..) = record.between(0, 3).next().unwrap();
    let samples: Vec<_> = channels.iter().map(|channel| [0, 1, 2].map(|frame| channel.sample(frame, 0))).collect();
    assert_eq!(samples, [[Some(1), Some(2), Some(3)], [Some(20), Some(30), None]]);
}

#[test]
fn a_record_of_more_frames_or_bytes_than_any_is_refused() {
    let folder = std::env::temp_dir().join(format!("wfdb-most-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("x.hea"), "x/2 1 250 0\n~ 18446744073709551615\n~ 18446744073709551615\n").unwrap();
    let error = Record::open(&folder.join("x")).unwrap_err().to_string();
    assert!(error.contains("x.hea: line 1 after the record line") && error.contains("63072000000"), "{error}");
    let large = folder.join("large.dat");
    File::create(&large).unwrap().set_len(MAX_RECORD_BYTES / 2 + 1).unwrap();
    let mut files = Files::default();
    let told = [(); 2].map(|()| files.read(&large, MAX_SIGNAL_BYTES / 1_024).unwrap_err().to_string());
    fs::remove_dir_all(&folder).unwrap();
    assert!(told[0].contains("it has more than") && told[1].contains("the record has more than"), "{told:?}");
}
