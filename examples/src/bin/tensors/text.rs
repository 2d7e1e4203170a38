//! Strings.

use crate::{Result, show, title};
use gradus::text::{
    CaseEncoding, Decoder, Encoder, Encoding, Pattern, Split, StringTensor, Transcoder, Unit,
};
use gradus::{DType, Tensor};

pub fn bytes_and_characters() -> Result {
    title("A13", "strings");
    let cities = StringTensor::new(["텐서플로", "naïve café", "A b  C"])?;
    show("StringTensor::new([..])", &cities);
    show("length in bytes", cities.length(Unit::Byte)?);
    show("length in characters", cities.length(Unit::Utf8Char)?);
    let points = cities.unicode_decode(&Decoder::default())?;
    show("unicode_decode", &points);
    show("and back", Encoder::default().encode_rows(&points)?);
    let wide = Transcoder::new(Encoding::Utf8, Encoding::Utf16Be);
    show("\"é\" in UTF-16", StringTensor::scalar("é").unicode_transcode(&wide)?);
    show("split", cities.split(&Split::on_whitespace())?);
    show("substr(0, 2) in characters", cities.substr(0, 2, Unit::Utf8Char)?);
    show("upper", cities.upper(CaseEncoding::Utf8));
    let parts = [&cities, &StringTensor::scalar("!")];
    show("join with \"!\"", StringTensor::join(&parts, " ")?);
    show("reduce_join", cities.reduce_join((), ", ", false)?);
    let html = StringTensor::scalar("Text with tags.<br /><b>contains html</b>");
    show("regex_replace <[^>]+>", html.regex_replace(&Pattern::new("<[^>]+>")?, " ", true)?);
    show("to_number", StringTensor::new(["3.5", " 1e3 "])?.to_number(DType::F32)?);
    show("as_string", StringTensor::from_numbers(&Tensor::new([2.5f32, -1e10])?, &Default::default())?);
    show("to_hash_bucket_fast(10)", cities.to_hash_bucket_fast(10)?);
    show("to_hash_bucket_strong(10, [1, 2])", cities.to_hash_bucket_strong(10, [1, 2])?);
    Ok(())
}
