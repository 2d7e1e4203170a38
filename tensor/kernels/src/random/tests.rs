use super::*;
use crate::threads;

/// Two blocks before the low half of the counter overflows.
const STREAM: Philox = Philox { key: 0x1234_5678_9abc_def0, counter: (7 << 64) | 0xffff_ffff_ffff_fffe };

#[test]
fn known_answers_of_philox() {
    // From the test vectors of Random123, the authors' library.
    let zero = Philox { key: 0, counter: 0 }.block(0);
    assert_eq!(zero, [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
    let ones = Philox { key: u64::MAX, counter: u128::MAX }.block(0);
    assert_eq!(ones, [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
}

#[test]
fn words_and_numbers_are_those_of_tensorflow() {
    let mut y = [0; 10];
    bits_u32(STREAM, &mut y);
    let expected = [
        633975504, 212267098, 1682909136, 406308850, 87988195, 1883009519, 4068655794, 782684394, 931624823,
        3518797315,
    ];
    assert_eq!(y, expected);
    let mut y = [0; 5];
    bits_u64(STREAM, &mut y);
    let expected = [
        911680244560802512,
        1745083224508278736,
        8087464302249678819,
        3361603879388234418,
        15113119390109235063,
    ];
    assert_eq!(y, expected);
    let mut y = [0.0f32; 9];
    uniform_f32(STREAM, 0.0, 1.0, &mut y);
    let expected = [
        0.5757694,
        0.30420995,
        0.6184025,
        0.43578935,
        0.4890102,
        0.47222698,
        0.02156663,
        0.30325055,
        0.058333278,
    ];
    assert_eq!(y, expected);
    let mut y = [0.0f64; 5];
    uniform_f64(STREAM, 0.0, 1.0, &mut y);
    let expected = [
        0.6061554426405764,
        0.9472199388515006,
        0.9120821365569289,
        0.17253320906916736,
        0.46666700294861196,
    ];
    assert_eq!(y, expected);
    let mut y = [0.0f32; 9];
    normal_f32(STREAM, 0.0, 1.0, &mut y);
    let expected = [
        0.99039435,
        -0.3510202,
        0.3849061,
        -0.90170884,
        0.20767176,
        -1.1779714,
        2.61645,
        -0.9096186,
        0.39764515,
    ];
    for (y, e) in y.iter().zip(expected) {
        assert!((y - e).abs() < 1e-6, "{e}, found {y}");
    }
    let mut y = [0.0f64; 5];
    normal_f64(STREAM, 0.0, 1.0, &mut y);
    let expected = [
        -0.32578313374216483,
        0.9460988264255268,
        0.3791870805920102,
        0.200667934184927,
        -1.0374904726781002,
    ];
    for (y, e) in y.iter().zip(expected) {
        assert!((y - e).abs() < 1e-14, "{e}, found {y}");
    }
    let mut y = [0i32; 9];
    uniform_i32(STREAM, -10, 1000, &mut y);
    assert_eq!(y, [514, 438, 666, 990, 15, 859, 64, 34, 813]);
    let mut y = [0i64; 5];
    uniform_i64(STREAM, -10, 1_000_000_000_000, &mut y);
    assert_eq!(y, [244551685702, 224490827896, 302168804169, 879354618378, 389958103863]);
}

#[test]
fn an_element_depends_on_its_index_alone() {
    for n in [0, 1, 2, 15, 16, 17, 31, 32, 33, 1000, 1023, 1025, 70_001] {
        for t in [1, 4] {
            let (mut u, mut z, mut d) = (vec![0; n], vec![0.0f32; n], vec![0.0f64; n]);
            threads::with_num_threads(t, || {
                bits_u32(STREAM, &mut u);
                normal_f32(STREAM, 1.0, 2.0, &mut z);
                uniform_f64(STREAM, -1.0, 1.0, &mut d);
            });
            for i in (0..n).step_by(97).chain(n.checked_sub(1)) {
                assert_eq!(u[i], STREAM.block(i as u64 / 4)[i % 4], "word {i} of {n}");
                let mut longer = vec![0.0f32; n + 5];
                if i + 1 == n && t == 1 {
                    normal_f32(STREAM, 1.0, 2.0, &mut longer);
                    assert_eq!(z, longer[..n], "{n} of {} elements", n + 5);
                }
                let w = STREAM.block(i as u64 / 2);
                assert_eq!(d[i], unit64(w[i % 2 * 2], w[i % 2 * 2 + 1]) * 2.0 - 1.0, "element {i} of {n}");
            }
        }
    }
}

#[test]
fn moments_are_those_of_the_distribution() {
    let n = 200_000;
    let stats = |y: &[f64]| {
        let mean = y.iter().sum::<f64>() / n as f64;
        (mean, y.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / n as f64)
    };
    let mut y = vec![0.0f64; n];
    truncated_normal(Philox::new(3), 0.0, 1.0, 2.0, &mut y);
    let (mean, variance) = stats(&y);
    assert!(y.iter().all(|v| v.abs() <= 2.0));
    // Variance of the normal distribution cut at 2: 1 - 4 phi(2) / (2 Phi(2) - 1) = 0.7737.
    assert!(mean.abs() < 0.01 && (variance - 0.7737).abs() < 0.01, "{mean} {variance}");
    let mut z = vec![0.0f32; n];
    normal_f32(Philox::new(4), 2.0, 3.0, &mut z);
    let (mean, variance) = stats(&z.iter().map(|&v| v.into()).collect::<Vec<_>>());
    assert!((mean - 2.0).abs() < 0.03 && (variance - 9.0).abs() < 0.1, "{mean} {variance}");
}

#[test]
fn dropout_keeps_what_the_uniform_numbers_say() {
    let stream = Philox { key: 5, counter: u128::from(u32::MAX) - 40 };
    for len in [0, 1, 3, 15, 16, 17, 31, 32, 33, 127, 129, 1025, 70_000] {
        let x: Vec<f32> = (0..len).map(|i| i as f32 - 20.0).collect();
        let mut u = vec![0.0; len];
        uniform_f32(stream, 0.0, 1.0, &mut u);
        let want: Vec<f32> = u.iter().zip(&x).map(|(&u, &x)| if u < 0.3 { 0.0 } else { x * 1.5 }).collect();
        for threads in [1, 3] {
            let mut y = vec![9.0; len];
            crate::threads::with_num_threads(threads, || dropout_f32(stream, 0.3, 1.5, &x, &mut y));
            assert_eq!(y, want, "{len} elements, {threads} threads");
        }
    }
}

#[test]
fn blocks_do_not_depend_on_how_many_are_made_together() {
    // Counters that carry into the second, third and fourth word within one set of blocks.
    for counter in [0, (1 << 32) - 7, (1 << 64) - 33, (1 << 96) - 1, u128::MAX - 20] {
        let stream = Philox { key: 0x1234_5678_9abc_def0, counter };
        let mut words = [0; 4 * 100];
        bits_u32(stream, &mut words);
        for (b, words) in words.chunks_exact(4).enumerate() {
            assert_eq!(words, stream.block(b as u64), "block {b} from {counter}");
        }
    }
}
