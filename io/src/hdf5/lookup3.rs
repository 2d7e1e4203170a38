//! The checksum of HDF5's newer structures: Bob Jenkins's lookup3, `hashlittle` with the initial value 0.

pub(super) fn lookup3(bytes: &[u8]) -> u32 {
    let start = 0xdead_beef_u32.wrapping_add(bytes.len() as u32);
    let [mut a, mut b, mut c] = [start; 3];
    let word = |b: &[u8]| {
        let mut own = [0; 4];
        own[..b.len()].copy_from_slice(b);
        u32::from_le_bytes(own)
    };
    let mut rest = bytes;
    while rest.len() > 12 {
        a = a.wrapping_add(word(&rest[0..4]));
        b = b.wrapping_add(word(&rest[4..8]));
        c = c.wrapping_add(word(&rest[8..12]));
        (a, c) = step(a, c, b, 4);
        (b, a) = step(b, a, c, 6);
        (c, b) = step(c, b, a, 8);
        (a, c) = step(a, c, b, 16);
        (b, a) = step(b, a, c, 19);
        (c, b) = step(c, b, a, 4);
        rest = &rest[12..];
    }
    if rest.is_empty() {
        return c;
    }
    let mut last = [0; 12];
    last[..rest.len()].copy_from_slice(rest);
    a = a.wrapping_add(word(&last[0..4]));
    b = b.wrapping_add(word(&last[4..8]));
    c = c.wrapping_add(word(&last[8..12]));
    let mix = |x: u32, y: u32, r: u32| (x ^ y).wrapping_sub(y.rotate_left(r));
    c = mix(c, b, 14);
    a = mix(a, c, 11);
    b = mix(b, a, 25);
    c = mix(c, b, 16);
    a = mix(a, c, 4);
    b = mix(b, a, 14);
    mix(c, b, 24)
}

/// `x -= y; x ^= rotated y; y += z`.
fn step(x: u32, y: u32, z: u32, rotate: u32) -> (u32, u32) {
    (x.wrapping_sub(y) ^ y.rotate_left(rotate), y.wrapping_add(z))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values of the driver that comes with lookup3.c.
    #[test]
    fn published_values() {
        assert_eq!(lookup3(b""), 0xdead_beef);
        assert_eq!(lookup3(b"Four score and seven years ago"), 0x1777_0551);
    }
}
