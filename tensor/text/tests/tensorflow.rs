//! What TensorFlow 2.21 answers, on the inputs where implementations part.

use gradus_tensor::{DType, Tensor};
use gradus_text::{
    CaseEncoding, Decoder, Encoder, Encoding, NGrams, NumberFormat, OnError, Pattern, RawFormat, Split,
    StringTensor, Transcoder, Unit, fingerprint, unicode_script,
};

fn text(values: &[&[u8]]) -> StringTensor {
    values.iter().collect()
}

fn lossy(t: &StringTensor) -> Vec<String> {
    t.iter().map(|s| String::from_utf8_lossy(s).into_owned()).collect()
}

#[test]
fn parts_of_strings() {
    let cases: [(&str, i64, i64, Unit, Option<&str>); 14] = [
        ("abc", -2, 1, Unit::Byte, Some("b")),
        ("abc", -3, 2, Unit::Byte, Some("ab")),
        ("abc", -4, 1, Unit::Byte, None),
        ("abc", 3, 1, Unit::Byte, Some("")),
        ("abc", 4, 1, Unit::Byte, None),
        ("abc", 0, -1, Unit::Byte, Some("abc")),
        ("abc", 1, 100, Unit::Byte, Some("bc")),
        ("äbc", -2, 1, Unit::Utf8Char, Some("b")),
        ("äbc", -3, 2, Unit::Utf8Char, Some("äb")),
        ("äbc", -4, 1, Unit::Utf8Char, None),
        ("äbc", 3, 1, Unit::Utf8Char, Some("")),
        ("äbc", 4, 1, Unit::Utf8Char, None),
        ("äbc", 0, -1, Unit::Utf8Char, Some("")),
        ("äbc", i64::MIN, 1, Unit::Byte, None),
    ];
    for (s, pos, len, unit, want) in cases {
        let found = StringTensor::scalar(s).substr(pos, len, unit);
        match (&found, want) {
            (Ok(found), Some(want)) => {
                assert_eq!(found.item().unwrap(), want.as_bytes(), "{s} {pos} {len} {unit:?}")
            }
            (Err(_), None) => {}
            _ => panic!("{s} {pos} {len} {unit:?}: {found:?}"),
        }
    }
}

#[test]
fn invalid_utf8_counts_as_icu_counts() {
    let cases: [(&[u8], &[i32]); 7] = [
        (b"ab\xffc", &[97, 98, 65533, 99]),
        (b"\xe2\x82", &[65533]),
        (b"\xed\xa0\x80", &[65533; 3]),
        (b"\xc0\x80", &[65533; 2]),
        (b"\xf4\x90\x80\x80", &[65533; 4]),
        (b"\xf0\x9f\x98", &[65533]),
        (b"a\x00b", &[97, 0, 98]),
    ];
    for (bytes, want) in cases {
        let (points, _) = StringTensor::scalar(bytes).unicode_decode_scalar(&Decoder::default()).unwrap();
        assert_eq!(points.to_vec::<i32>().unwrap(), want, "{bytes:x?}");
    }
    let lengths =
        text(&[b"ab\xffc", b"\xe2\x82", b"\xed\xa0\x80", b"\x80\x80a"]).length(Unit::Utf8Char).unwrap();
    assert_eq!(lengths.to_vec::<i32>().unwrap(), [4, 1, 1, 1]);
    let ignore = Decoder::default().errors(OnError::Ignore);
    let (points, offsets) = text(&[b"a\xffb\xff\xffc"]).unicode_decode_with_offsets(&ignore).unwrap();
    assert_eq!(points.flat_values().to_vec::<i32>().unwrap(), [97, 98, 99]);
    assert_eq!(offsets.flat_values().to_vec::<i64>().unwrap(), [0, 2, 5]);
    assert!(text(&[b"\xff"]).unicode_decode(&Decoder::default().errors(OnError::Strict)).is_err());
}

#[test]
fn encodings_of_two_and_four_bytes() {
    let bytes = b"\xfe\xff\0a\x82\xa0\xd8\0\0b";
    let cases: [(Encoding, &[i32]); 6] = [
        (Encoding::Utf16, &[97, 33440, 65533, 98]),
        (Encoding::Utf16Be, &[65279, 97, 33440, 65533, 98]),
        (Encoding::Utf16Le, &[65534, 24832, 41090, 216, 25088]),
        (Encoding::Utf32, &[65533; 3]),
        (Encoding::Ascii, &[65533, 65533, 0, 97, 65533, 65533, 65533, 0, 0, 98]),
        (Encoding::Latin1, &[254, 255, 0, 97, 130, 160, 216, 0, 0, 98]),
    ];
    for (encoding, want) in cases {
        let (points, _) = StringTensor::scalar(bytes).unicode_decode_scalar(&Decoder::new(encoding)).unwrap();
        assert_eq!(points.to_vec::<i32>().unwrap(), want, "{encoding:?}");
    }
    let points = Tensor::new([72, 0x1F600, 0xD800]).unwrap();
    let wide = Encoder::new(Encoding::Utf16Be).encode(&points).unwrap();
    assert_eq!(wide.item().unwrap(), b"\x00H\xd8=\xde\x00\xff\xfd");
    assert!(Encoder::new(Encoding::Utf16Le).encode(&points).is_err());
    let how = Transcoder::new(Encoding::Utf8, Encoding::Utf8)
        .errors(OnError::Ignore)
        .replace_control_characters(true);
    assert_eq!(lossy(&text(&[b"a\xffb\n\x01"]).unicode_transcode(&how).unwrap()), ["ab"]);
}

#[test]
fn pieces() {
    let cases: [(&str, Split, &[&str]); 8] = [
        ("a b  c ", Split::on_whitespace().max_split(1), &["a", "b  c "]),
        ("  a b  c ", Split::on_whitespace().max_split(2), &["a", "b", "c "]),
        ("  a b  c ", Split::on_whitespace().max_split(0), &["  a b  c "]),
        (" \t\n\x0b\x0c\ra\u{a0}b", Split::on_whitespace(), &["a\u{a0}b"]),
        ("a,b,,c", Split::on(","), &["a", "b", "", "c"]),
        ("a,b,c", Split::on(",").max_split(1), &["a", "b,c"]),
        (",,", Split::on(",,"), &["", ""]),
        ("", Split::on(","), &[""]),
    ];
    for (s, how, want) in cases {
        assert_eq!(lossy(&StringTensor::scalar(s).split_scalar(&how).unwrap()), want, "{s:?} {how:?}");
    }
    let matrix =
        StringTensor::new([["a b", "c"], ["", "d"]]).unwrap().split(&Split::on_whitespace()).unwrap();
    assert_eq!(matrix.nested_row_splits(), [&[0, 2, 4][..], &[0, 2, 3, 3, 4]]);
}

#[test]
fn patterns_are_those_of_re2() {
    let cases: [(&str, &str, &str, Option<&str>); 44] = [
        ("a*", "x", "baac", Some("xbxcx")),
        ("", "-", "aéb", Some("-a-é-b-")),
        ("(a)(b)?", r"[\2\1\0]", "abac", Some("[baab][aa]c")),
        (r"\d", "x", "1٣", Some("x٣")),
        (r"\w+", "x", "aé b", Some("xé x")),
        (r"\s", "_", " \x0b\t", Some("_\x0b_")),
        (r"\bé", "x", "é a", Some("é a")),
        ("(?i)É", "x", "éÉ", Some("xx")),
        ("[[:alpha:]]+", "x", "abé1", Some("xé1")),
        (r"\pL+", "x", "abé1", Some("x1")),
        (r"\Qa.b\E", "x", "a.b aab", Some("x aab")),
        ("a{,2}", "x", "a{,2}", Some("x")),
        ("[a&&b]", "x", "a&b", Some("xxx")),
        ("a**", "x", "aa", None),
        ("(", "x", "a", None),
        ("x{1001}", "x", "x", None),
        (r"\<a", "x", "<a", Some("x")),
        ("$", "E", "a\nb\n", Some("a\nb\nE")),
        ("(?m)$", "E", "a\nb\n", Some("aE\nbE\nE")),
        (r"\141", "x", "ab", Some("xb")),
        (r"[^\n]", "x", "a\nb", Some("x\nx")),
        (r"\Z", "x", "a", None),
        ("(?P<n>a)", r"<\1>", "a", Some("<a>")),
        ("(?<n>a)", "x", "a", None),
        ("(?x)a b", "x", "ab", None),
        ("[a-z--m]", "x", "am-", Some("xxx")),
        ("[]a]", "x", "]a", Some("xx")),
        ("a{2}{3}", "x", "aaaaaa", None),
        (r"\1", "x", "a", None),
        ("(?=a)", "x", "a", None),
        ("[[a]", "x", "[a", Some("xx")),
        (r"\é", "x", "é", None),
        (r"\x41\x{42}", "x", "AB", Some("x")),
        (r"[^\d\s]", "x", "a1 ", Some("x1 ")),
        (r"\_", "x", "_", Some("x")),
        ("a{", "x", "a{", Some("x")),
        (r"[a-\d]", "x", "a-1", None),
        (r"\p{^Greek}", "x", "αa", Some("αx")),
        ("(?U)a+?", "x", "aaa", Some("x")),
        (r"\B", "x", "ab", Some("axb")),
        ("(|a)+", "x", "aa", Some("xaxax")),
        ("[[:foo:]]", "x", "a", None),
        ("(?i)k", "x", "K\u{212a}", Some("xx")),
        ("a|ab", "x", "abab", Some("xbxb")),
    ];
    for (pattern, rewrite, s, want) in cases {
        let found =
            Pattern::new(pattern).and_then(|p| StringTensor::scalar(s).regex_replace(&p, rewrite, true));
        match (&found, want) {
            (Ok(found), Some(want)) => assert_eq!(lossy(found), [want], "{pattern:?} on {s:?}"),
            (Err(_), None) => {}
            _ => panic!("{pattern:?} on {s:?}: {found:?}, expected {want:?}"),
        }
    }
    let any = Pattern::new(".").unwrap();
    assert_eq!(text(&[b"\xff\xc3\xa9"]).regex_replace(&any, "x", true).unwrap().get(0), Some(&b"\xffx"[..]));
    let byte = Pattern::new(r"\C").unwrap();
    assert_eq!(text(&[b"\xff\xc3\xa9"]).regex_replace(&byte, "x", true).unwrap().get(0), Some(&b"xxx"[..]));
    let full =
        text(&[b"ab\n", b"ab", "é".as_bytes(), b"\xff"]).regex_full_match(&Pattern::new("a.*|.").unwrap());
    assert_eq!(full.unwrap().to_vec::<bool>().unwrap(), [false, true, true, false]);
    assert!(text(&[b"a"]).regex_replace(&any, r"\1", true).is_err(), "a group that is not there");
}

#[test]
fn numbers_from_text_and_back() {
    let good: [(&str, f64); 14] = [
        (" 1 ", 1.0),
        ("1E+3", 1000.0),
        ("INF", f64::INFINITY),
        ("-infinity", f64::NEG_INFINITY),
        ("0x10", 16.0),
        ("0x1p3", 8.0),
        ("0x1.8p1", 3.0),
        ("1.", 1.0),
        (".5", 0.5),
        ("+5", 5.0),
        ("1e400", f64::INFINITY),
        ("9007199254740993", 9007199254740992.0),
        ("0.1", 0.1),
        ("\t1\n", 1.0),
    ];
    for (s, want) in good {
        let found = StringTensor::scalar(s).to_number(DType::F64).unwrap().item::<f64>().unwrap();
        assert_eq!(found, want, "{s:?}");
    }
    for s in ["", "1_0", "1f", "nanx", "- 1", "1e", "+-5", "infinit", "1\0", "abc"] {
        assert!(StringTensor::scalar(s).to_number(DType::F32).is_err(), "{s:?}");
    }
    for s in ["2147483648", "1.0", "0x10", "--1", "-", ""] {
        assert!(StringTensor::scalar(s).to_number(DType::I32).is_err(), "{s:?}");
    }
    let format = NumberFormat::new;
    let floats = Tensor::new([1.0f32, 1e-7, 123456.789, f32::NEG_INFINITY, -0.0]).unwrap();
    let cases = [
        (format(), ["1.000000", "0.000000", "123456.789062", "-inf", "-0.000000"]),
        (
            format().scientific(true),
            ["1.000000e+00", "1.000000e-07", "1.234568e+05", "-inf", "-0.000000e+00"],
        ),
        (format().shortest(true), ["1", "1e-07", "123457", "-inf", "-0"]),
        (
            format().width(10).fill('0'),
            ["001.000000", "000.000000", "123456.789062", "      -inf", "-00.000000"],
        ),
        (
            format().width(10).fill('+'),
            [" +1.000000", " +0.000000", "+123456.789062", "      -inf", " -0.000000"],
        ),
        (
            format().width(10).fill('-'),
            ["1.000000  ", "0.000000  ", "123456.789062", "-inf      ", "-0.000000 "],
        ),
    ];
    for (how, want) in cases {
        assert_eq!(lossy(&StringTensor::from_numbers(&floats, &how).unwrap()), want, "{how:?}");
    }
    let whole = Tensor::new([1, -22]).unwrap();
    let zeros = StringTensor::from_numbers(&whole, &format().width(5).fill('0')).unwrap();
    assert_eq!(lossy(&zeros), ["00001", "-0022"]);
    assert!(StringTensor::from_numbers(&whole, &format().precision(3)).is_err());
    assert!(StringTensor::from_numbers(&whole, &format().fill('*')).is_err());
}

#[test]
fn runs_of_neighbours() {
    let ab = StringTensor::new(["a", "b"]).unwrap();
    let abc = StringTensor::new(["a", "b", "c"]).unwrap();
    let one = StringTensor::new(["a"]).unwrap();
    let cases: [(&StringTensor, NGrams, &[&str]); 7] = [
        (&abc, NGrams::of_widths([3, 1]), &["a b c", "a", "b", "c"]),
        (&one, NGrams::new(2), &[]),
        (&one, NGrams::of_widths([2, 3]).preserve_short_sequences(true), &["a"]),
        (&ab, NGrams::new(3).preserve_short_sequences(true), &["a b"]),
        (&ab, NGrams::new(3).pad_values("x", "x").padding_width(1), &["x a b", "a b x"]),
        (&ab, NGrams::new(3).pad_values("L", "R").padding_width(9), &["L L a", "L a b", "a b R", "b R R"]),
        (&StringTensor::empty([0]).unwrap(), NGrams::new(2).pad_values("L", "R"), &[]),
    ];
    for (t, which, want) in cases {
        assert_eq!(lossy(&t.ngrams(&which).unwrap()), want, "{which:?}");
    }
    for wrong in
        [NGrams::new(0), NGrams::new(2).padding_width(1), NGrams::new(2).pad_values("", "").padding_width(0)]
    {
        assert!(abc.ngrams(&wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn hashes_are_the_same_numbers() {
    let t = text(&[b"a", b"", b"abcdefgh"]);
    let largest = i64::MAX;
    let strong = t.to_hash_bucket_strong(largest, [1, 1 << 40]).unwrap().to_vec::<i64>().unwrap();
    assert_eq!(strong, [1847428721718715257, 2686708340997301328, 2717366723752027996]);
    let fast = t.to_hash_bucket_fast(largest).unwrap().to_vec::<i64>().unwrap();
    assert_eq!(fast[0], 3694432073954588132);
    let plain = text(&[b"a", b"b", b""]).to_hash_bucket(1000).unwrap().to_vec::<i64>().unwrap();
    assert_eq!(plain, [868, 370, 899]);
    assert!(t.to_hash_bucket_fast(0).is_err());
    let prints = text(&[b"a", b"b"]).fingerprint().unwrap().to_vec::<u8>().unwrap();
    assert_eq!(prints, [227, 117, 223, 182, 101, 66, 69, 179, 22, 241, 200, 94, 33, 96, 178, 163]);
    let nested = StringTensor::new([["a", "b"], ["c", "d"]]).unwrap().fingerprint().unwrap();
    assert_eq!(nested.to_vec::<u8>().unwrap()[..8], [122, 64, 59, 169, 136, 60, 55, 83]);
    let numbers = fingerprint(&Tensor::new([[1, 2], [3, 4]]).unwrap()).unwrap();
    assert_eq!(numbers.to_vec::<u8>().unwrap()[..8], [76, 18, 253, 133, 168, 204, 240, 10]);
}

#[test]
fn base64_and_raw_bytes() {
    for (s, want) in
        [("aGVsbG8", Some("hello")), ("aGVsbG8=", Some("hello")), ("aH", Some("h")), ("", Some(""))]
    {
        let found = StringTensor::scalar(s).decode_base64().ok();
        assert_eq!(found.map(|t| lossy(&t)), want.map(|w| vec![w.to_string()]), "{s:?}");
    }
    for s in ["aGVsbG8==", "aGVs bG8", "+/", "a", "====", "aGVsbG8=a"] {
        assert!(StringTensor::scalar(s).decode_base64().is_err(), "{s:?}");
    }
    let t = text(&[b"\x01\0\x02\0\x05", b"\x01"]);
    let fixed = t.decode_raw(RawFormat::new(DType::I16).fixed_length(4)).unwrap();
    assert_eq!(fixed.to_vec::<i16>().unwrap(), [1, 2, 1, 0]);
    let big = t.decode_raw(RawFormat::new(DType::I16).fixed_length(4).little_endian(false)).unwrap();
    assert_eq!(big.to_vec::<i16>().unwrap(), [256, 512, 256, 0]);
    assert!(t.decode_raw(RawFormat::new(DType::I16)).is_err());
    assert!(t.decode_raw(RawFormat::new(DType::I16).fixed_length(3)).is_err());
    assert_eq!(text(&[]).decode_raw(RawFormat::new(DType::I16)).unwrap().shape().dims(), [0, 0]);
}

#[test]
fn letters() {
    let t = StringTensor::new(["İIıß ŉ ǅ Σς ﬁ ΑΣ", "ΑΣ ΑΣΑ σ"]).unwrap();
    assert_eq!(lossy(&t.lower(CaseEncoding::Utf8)), ["i\u{307}iıß ŉ ǆ σς ﬁ ας", "ας ασα σ"]);
    assert_eq!(lossy(&t.upper(CaseEncoding::Utf8)), ["İIISS ʼN Ǆ ΣΣ FI ΑΣ", "ΑΣ ΑΣΑ Σ"]);
    assert_eq!(lossy(&text(&[b"ab\xffC\xc3"]).lower(CaseEncoding::Utf8)), ["ab\u{fffd}c\u{fffd}"]);
    let codes = [0x61, 0x3b1, 0xd55c, 0x1F600, 0x300, 0x110000, -1, 0xd800, 0x378, 0x30fc];
    let scripts = unicode_script(&Tensor::new(codes).unwrap()).unwrap().to_vec::<i32>().unwrap();
    assert_eq!(scripts, [25, 14, 18, 0, 1, -1, -1, 103, 103, 0]);
}

#[test]
fn tensors_within_text() {
    let show = |t: &Tensor, summarize| {
        lossy(&StringTensor::format("{}", &[t.into()], "{}", summarize).unwrap()).remove(0)
    };
    assert_eq!(show(&Tensor::new(true).unwrap(), Some(3)), "1");
    assert_eq!(
        show(&Tensor::range(8).unwrap().reshape([2, 2, 2]).unwrap(), Some(3)),
        "[[[0 1]\n  [2 3]]\n\n [[4 5]\n  [6 7]]]"
    );
    assert_eq!(show(&Tensor::range(5).unwrap(), Some(1)), "[0 ... 4]");
    assert_eq!(show(&Tensor::range(5).unwrap(), Some(0)), "[ ...]");
    assert_eq!(show(&Tensor::range(8).unwrap(), None), "[0 1 2 3 4 5 6 7]");
    assert_eq!(show(&Tensor::new([1e10f32, 0.1, 1.0 / 3.0]).unwrap(), Some(3)), "[1e+10 0.1 0.333333343]");
    assert_eq!(
        show(&Tensor::new([1e10f64, 1.0 / 3.0]).unwrap(), Some(3)),
        "[10000000000 0.33333333333333331]"
    );
    let quoted = text(&[b"a\"b\\c\n\t\x01\xff", b"it's"]);
    let shown = StringTensor::format("{}", &[(&quoted).into()], "{}", Some(3)).unwrap();
    assert_eq!(shown.item().unwrap(), b"[\"a\\\"b\\\\c\\n\\t\\001\xff\" \"it\\'s\"]");
    assert!(StringTensor::format("{} {}", &[(&quoted).into()], "{}", None).is_err());
}
