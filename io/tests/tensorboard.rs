//! Event files: TensorFlow's are read, ours come back, broken ones are named by record and byte.

use gradus_io::ErrorKind;
use gradus_io::tensorboard::{
    Event, EventWriter, GraphNode, HyperParameter, Logged, Picture, Summary, read_events,
};
use gradus_io::tfrecord::{TfRecordReader, TfRecordWriter};
use std::fs;
use std::path::PathBuf;

fn golden(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

fn value(event: &Event) -> (i64, &str, &Summary) {
    match &event.logged {
        Logged::Values(values) => (event.step, &values[0].0, &values[0].1),
        other => panic!("{other:?}"),
    }
}

#[test]
fn tensorflows_events() {
    let events = read_events(golden("tensorflow.tfevents")).unwrap();
    assert_eq!(events[0].logged, Logged::Version("brain.Event:2".into()));
    let rows = vec![[0.0, 0.75, 1.0], [0.75, 1.5, 2.0], [1.5, 2.25, 0.0], [2.25, 3.0, 2.0]];
    assert_eq!(value(&events[1]), (3, "epoch_loss", &Summary::Scalar(0.25)));
    assert_eq!(value(&events[2]), (4, "many", &Summary::Histogram(rows)));
    assert_eq!(value(&events[5]), (5, "note", &Summary::Text(vec!["**bold** ü".into()])));
    let (_, _, Summary::Images { width: 3, height: 2, encoded }) = value(&events[6]) else {
        panic!("{events:?}")
    };
    assert!(encoded.len() == 1 && encoded[0].starts_with(b"\x89PNG"));
    assert_eq!(value(&events[7]), (-1, "epoch_loss", &Summary::Scalar(0.125)));
    assert!(events.iter().all(|e| e.wall_time > 1.7e9));
}

#[test]
fn our_events() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = EventWriter::create(folder.path().join("logs/train")).unwrap();
    writer.scalar("epoch_loss", 0, f32::NAN).unwrap();
    writer.scalar("epoch_loss", 7, 0.5).unwrap();
    writer.histogram("dense/histogram", 1, &[1.0, 2.0, f64::NAN]).unwrap();
    writer.text("note", 2, "# Titel\n| ä | b |").unwrap();
    let pixels: Vec<u8> = (0..12).collect();
    let picture = Picture { width: 2, height: 2, channels: 3, pixels: &pixels };
    writer.images("samples", 3, &[picture, picture]).unwrap();
    assert_eq!(writer.images("samples", 3, &[]).unwrap_err().kind(), ErrorKind::Invalid);
    let small = Picture { width: 1, height: 2, channels: 3, pixels: &pixels[..6] };
    assert_eq!(writer.images("samples", 3, &[picture, small]).unwrap_err().kind(), ErrorKind::Invalid);
    writer.keras_model(&serde_json::json!({"class_name": "Sequential", "config": {}})).unwrap();
    let node = GraphNode {
        name: "a".into(),
        op: "Add".into(),
        inputs: vec!["b".into()],
        shape: Some(vec![None, Some(3)]),
    };
    writer
        .graph(&[node, GraphNode { name: "b".into(), op: "Placeholder".into(), ..GraphNode::default() }])
        .unwrap();
    writer
        .hyperparameters(
            "run",
            &[
                ("units", HyperParameter::Number(16.0)),
                ("optimizer", HyperParameter::Text("adam".into())),
                ("bias", HyperParameter::Bool(true)),
            ],
        )
        .unwrap();
    writer.end_hyperparameters().unwrap();
    let other = EventWriter::create(folder.path().join("logs/train")).unwrap();
    assert_ne!(other.path(), writer.path());
    let path = writer.path().to_path_buf();
    drop(writer);

    let events = read_events(&path).unwrap();
    assert_eq!(events.len(), 10);
    let (0, "epoch_loss", Summary::Scalar(nan)) = value(&events[1]) else { panic!("{:?}", events[1]) };
    assert!(nan.is_nan());
    assert_eq!(value(&events[2]), (7, "epoch_loss", &Summary::Scalar(0.5)));
    let (1, "dense/histogram", Summary::Histogram(rows)) = value(&events[3]) else {
        panic!("{:?}", events[3])
    };
    assert_eq!((rows.len(), rows.iter().map(|r| r[2]).sum::<f64>()), (30, 2.0));
    assert_eq!(value(&events[4]).2, &Summary::Text(vec!["# Titel\n| ä | b |".into()]));
    let (_, _, Summary::Images { width: 2, height: 2, encoded }) = value(&events[5]) else {
        panic!("{:?}", events[5])
    };
    assert_eq!(encoded.len(), 2);
    assert!(matches!(value(&events[6]).2, Summary::Other { plugin, content, texts }
        if plugin == "graph_keras_model" && content == b"1" && texts[0].starts_with(b"{")));
    assert!(matches!(&events[7].logged, Logged::Graph(graph) if graph.len() > 30));
    assert!(matches!(value(&events[8]).2, Summary::Other { plugin, .. } if plugin == "hparams"));
}

#[test]
fn tfrecords() {
    let bytes = fs::read(golden("tensorflow.tfrecord")).unwrap();
    let records: Vec<_> = TfRecordReader::new(bytes.as_slice()).collect::<Result<_, _>>().unwrap();
    assert_eq!(records, [b"".to_vec(), b"a".to_vec(), b"hello".repeat(100)]);
    let mut writer = TfRecordWriter::new(Vec::new());
    records.iter().for_each(|r| writer.write(r).unwrap());
    assert_eq!(writer.into_inner(), bytes, "the same bytes as TensorFlow");

    // Every flipped bit is found, in the record it is in.
    for bit in 0..bytes.len() * 8 {
        let mut bytes = bytes.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let read: Vec<_> = TfRecordReader::new(bytes.as_slice()).collect();
        let error = read.last().unwrap().as_ref().expect_err(&format!("bit {bit} is not noticed"));
        let (record, start) = match bit / 8 {
            0..16 => (0, 0),
            16..33 => (1, 16),
            _ => (2, 33),
        };
        assert_eq!(
            error.part(),
            Some(format!("record {record} at byte {start}").as_str()),
            "bit {bit}: {error}"
        );
        assert_eq!(read.len(), record + 1, "reading ends with the error");
    }
    // A file that ends in a record is an error, or ends before it.
    for len in 0..bytes.len() {
        let whole = [0, 16, 33]
            .iter()
            .filter(|&&start| {
                start + [16, 17, 516][[0, 16, 33].iter().position(|s| *s == start).unwrap()] <= len
            })
            .count();
        let at_boundary = [0, 16, 33].contains(&len);
        let strict: Vec<_> = TfRecordReader::new(&bytes[..len]).collect();
        assert_eq!(strict.iter().filter(|r| r.is_ok()).count(), whole, "{len} bytes");
        assert_eq!(strict.last().is_some_and(Result::is_err), !at_boundary, "{len} bytes");
        let lenient: Vec<_> = TfRecordReader::new(&bytes[..len]).allow_torn_tail(true).collect();
        assert!(lenient.len() == whole && lenient.iter().all(Result::is_ok), "{len} bytes");
    }
    let mut long = (1u64 << 62).to_le_bytes().to_vec();
    long.extend_from_slice(&gradus_io::crc32c::mask(gradus_io::crc32c::crc32c(&long)).to_le_bytes());
    let error = TfRecordReader::new(long.as_slice()).next().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge, "{error}");
}
