//! Which names an archive's entry may have.
//!
//! One rule for all systems, so that an archive is accepted everywhere or nowhere: a relative path of plain names
//! separated by `/`, each of which is an ordinary file name on Linux, macOS and Windows.

const MAX_PATH: usize = 4096;
const MAX_NAME: usize = 255;

/// The entry's path with a leading `./` taken off, or why it is refused.
pub(crate) fn check(name: &[u8]) -> Result<String, &'static str> {
    if name.len() > MAX_PATH {
        return Err("a name of more than 4096 bytes");
    }
    let name = std::str::from_utf8(name).map_err(|_| "a name that is not UTF-8")?;
    let name = name.strip_prefix("./").unwrap_or(name);
    if name.is_empty() {
        return Err("an empty name");
    }
    if name.starts_with('/') {
        return Err("an absolute path");
    }
    if name.contains('\\') {
        return Err("a backslash in the name");
    }
    if name.chars().any(|c| c.is_control() || is_invisible(c)) {
        return Err("a control character in the name");
    }
    if name.contains([':', '*', '?', '"', '<', '>', '|']) {
        return Err("a character that Windows gives a meaning");
    }
    for part in name.split('/') {
        match part {
            "" => return Err("an empty part in the path"),
            ".." => return Err("leaves its folder by .."),
            "." => return Err("a . in the path"),
            _ if part.len() > MAX_NAME => return Err("a file name of more than 255 bytes"),
            _ if part.ends_with(['.', ' ']) => return Err("a name that ends in a dot or space"),
            _ if is_device(part) => return Err("the name of a Windows device"),
            _ => {}
        }
    }
    Ok(name.to_string())
}

/// Marks that make a name look like another: zero-width and direction characters.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

fn is_device(part: &str) -> bool {
    let stem = part.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let numbered = |prefix: &str| {
        stem.strip_prefix(prefix).is_some_and(|rest| {
            matches!(rest, "¹" | "²" | "³") || (rest.len() == 1 && rest.as_bytes()[0].is_ascii_digit())
        })
    };
    matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$")
        || numbered("COM")
        || numbered("LPT")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_names() {
        for name in
            ["a", "a/b.txt", "./a/b", "a b/c", "ä/ö.jpg", ".hidden", "a..b", "con_fusion/common.txt", "com10"]
        {
            assert!(check(name.as_bytes()).is_ok(), "{name:?}");
        }
        assert_eq!(check(b"./a/b").unwrap(), "a/b");
    }

    #[test]
    fn names_that_are_refused() {
        let long = "a/".repeat(2100) + "b";
        let wide = "w".repeat(256);
        let cases: [&[u8]; 31] = [
            b"",
            b"./",
            b".",
            b"..",
            b"../x",
            b"a/../../x",
            b"a/..",
            b"/abs",
            b"//host/x",
            b"./../x",
            b"././x",
            b"a//b",
            b"a/./b",
            b"a/",
            b"C:\\x",
            b"C:x",
            b"\\\\host\\x",
            b"x\\..\\y",
            b"a\0b",
            b"a\nb",
            b"a\xffb",
            b"a.",
            b"a /b",
            b"CON",
            b"nul.txt",
            b"a/aux",
            b"LPT1.jpg",
            b"a\xe2\x80\xaegpj.exe",
            b"a|b",
            long.as_bytes(),
            wide.as_bytes(),
        ];
        for name in cases {
            assert!(check(name).is_err(), "{:?}", String::from_utf8_lossy(name));
        }
    }
}
