//! The script of a character.

use gradus_tensor::{DType, Result, Tensor, bail_dtype};
use unicode_script::{Script, UnicodeScript};

/// ICU's number for what belongs to no script that TensorFlow knows.
const UNKNOWN: i32 = 103;

/// ICU's numbers of scripts (`UScriptCode`) by their names in ISO 15924, those that TensorFlow knows.
#[rustfmt::skip]
const NUMBERS: &[(&str, i32)] = &[
    ("Adlm", 167), ("Aghb", 159), ("Ahom", 161), ("Arab", 2), ("Armi", 116), ("Armn", 3), ("Avst", 117),
    ("Bali", 62), ("Bamu", 130), ("Bass", 134), ("Batk", 63), ("Beng", 4), ("Bhks", 168), ("Bopo", 5),
    ("Brah", 65), ("Brai", 46), ("Bugi", 55), ("Buhd", 44), ("Cakm", 118), ("Cans", 40), ("Cari", 104),
    ("Cham", 66), ("Cher", 6), ("Chrs", 189), ("Copt", 7), ("Cprt", 47), ("Cyrl", 8), ("Deva", 10),
    ("Diak", 190), ("Dogr", 178), ("Dsrt", 9), ("Dupl", 135), ("Egyp", 71), ("Elba", 136), ("Elym", 185),
    ("Ethi", 11), ("Geor", 12), ("Glag", 56), ("Gong", 179), ("Gonm", 175), ("Goth", 13), ("Gran", 137),
    ("Grek", 14), ("Gujr", 15), ("Guru", 16), ("Hang", 18), ("Hani", 17), ("Hano", 43), ("Hatr", 162),
    ("Hebr", 19), ("Hira", 20), ("Hluw", 156), ("Hmng", 75), ("Hmnp", 186), ("Hung", 76), ("Ital", 30),
    ("Java", 78), ("Kali", 79), ("Kana", 22), ("Khar", 57), ("Khmr", 23), ("Khoj", 157), ("Kits", 191),
    ("Knda", 21), ("Kthi", 120), ("Lana", 106), ("Laoo", 24), ("Latn", 25), ("Lepc", 82), ("Limb", 48),
    ("Lina", 83), ("Linb", 49), ("Lisu", 131), ("Lyci", 107), ("Lydi", 108), ("Mahj", 160), ("Maka", 180),
    ("Mand", 84), ("Mani", 121), ("Marc", 169), ("Medf", 181), ("Mend", 140), ("Merc", 141), ("Mero", 86),
    ("Mlym", 26), ("Modi", 163), ("Mong", 27), ("Mroo", 149), ("Mtei", 115), ("Mult", 164), ("Mymr", 28),
    ("Nand", 187), ("Narb", 142), ("Nbat", 143), ("Newa", 170), ("Nkoo", 87), ("Nshu", 150), ("Ogam", 29),
    ("Olck", 109), ("Orkh", 88), ("Orya", 31), ("Osge", 171), ("Osma", 50), ("Palm", 144), ("Pauc", 165),
    ("Perm", 89), ("Phag", 90), ("Phli", 122), ("Phlp", 123), ("Phnx", 91), ("Plrd", 92), ("Prti", 125),
    ("Rjng", 110), ("Rohg", 182), ("Runr", 32), ("Samr", 126), ("Sarb", 133), ("Saur", 111), ("Sgnw", 112),
    ("Shaw", 51), ("Shrd", 151), ("Sidd", 166), ("Sind", 145), ("Sinh", 33), ("Sogd", 183), ("Sogo", 184),
    ("Sora", 152), ("Soyo", 176), ("Sund", 113), ("Sylo", 58), ("Syrc", 34), ("Tagb", 45), ("Takr", 153),
    ("Tale", 52), ("Talu", 59), ("Taml", 35), ("Tang", 154), ("Tavt", 127), ("Telu", 36), ("Tfng", 60),
    ("Tglg", 42), ("Thaa", 37), ("Thai", 38), ("Tibt", 39), ("Tirh", 158), ("Ugar", 53), ("Vaii", 99),
    ("Wara", 146), ("Wcho", 188), ("Xpeo", 61), ("Xsux", 101), ("Yezi", 192), ("Yiii", 41), ("Zanb", 177),
    ("Zinh", 1), ("Zyyy", 0),
];

/// The script of every code point (i32), as ICU numbers them: 25 is Latin, 17 Han, 0 common to several, 103 unknown, -1 for
/// what is no code point.
///
/// ```
/// # use gradus_tensor::Tensor;
/// let scripts = gradus_text::unicode_script(&Tensor::new(['a' as i32, 'α' as i32, '!' as i32])?)?;
/// assert_eq!(scripts.to_vec::<i32>()?, [25, 14, 0]);
/// # Ok::<(), gradus_tensor::Error>(())
/// ```
pub fn unicode_script(code_points: &Tensor) -> Result<Tensor> {
    if code_points.dtype() != DType::I32 {
        bail_dtype!("unicode_script: expected i32 code points, found {}", code_points.dtype());
    }
    let scripts = code_points.as_slice::<i32>()?.iter().map(|&c| script(c)).collect();
    Tensor::from_vec(scripts, code_points.shape())
}

fn script(code_point: i32) -> i32 {
    let Some(code) = u32::try_from(code_point).ok().filter(|&c| c <= 0x10_ffff) else { return -1 };
    // Surrogates are code points, and no characters.
    char::from_u32(code).map_or(UNKNOWN, |c| number(c.script()))
}

fn number(script: Script) -> i32 {
    let name = script.short_name();
    NUMBERS.binary_search_by_key(&name, |&(n, _)| n).map_or(UNKNOWN, |at| NUMBERS[at].1)
}
