//! What the Hub holds at the start: the paper's models and data, what others made of them, a Space to copy.

use serde_json::json;

use crate::hub::collections::{Collection, Item};
use crate::hub::discussion::Discussion;
use crate::hub::repo::{File, Files, Kind, Message, Repo, Tag};
use crate::hub::space::Space;
use crate::hub::store::Hub;

const DAY: &str = "2025-05-07T10:00:00.000Z";

const WINE_README: &str = include_str!("../../data/wine/README.md");
pub(crate) const WINE_TRAIN: &str = include_str!("../../data/wine/train.csv");
pub(crate) const WINE_TEST: &str = include_str!("../../data/wine/test.csv");
const WINE_PARQUET: [(&str, &[u8]); 2] = [
    (
        "default/train/0000.parquet",
        include_bytes!("../../data/wine/train.parquet"),
    ),
    (
        "default/test/0000.parquet",
        include_bytes!("../../data/wine/test.parquet"),
    ),
];
const CHATS_README: &str = include_str!("../../data/chats/README.md");
pub(crate) const CHATS: &str = include_str!("../../data/chats/train.jsonl");
const CHATS_PARQUET: (&str, &[u8]) = (
    "default/train/0000.parquet",
    include_bytes!("../../data/chats/train.parquet"),
);

/// Models and datasets that go with the paper: kind, id, downloads, likes, library, what it is.
const FAMILY: &str = include_str!("../../data/family.tsv");

/// Fills an empty Hub.
pub(crate) fn plant(hub: &mut Hub) {
    wine(hub);
    chats(hub);
    calibrator(hub);
    for line in FAMILY.lines().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        family(hub, &fields);
    }
    closed(hub);
    spaces(hub);
    collections(hub);
}

fn add(
    hub: &mut Hub,
    kind: Kind,
    id: &str,
    title: &str,
    files: Vec<(&str, File)>,
    [downloads, likes, trending]: [u64; 3],
) -> usize {
    let object_id = hub.fresh_id("repo");
    let author = match id.split_once('/') {
        Some(("tabular-lab", _)) | None => "ada",
        Some((namespace, _)) => namespace,
    };
    let mut repo = Repo::new(kind, id, object_id, author, DAY);
    repo.downloads = downloads;
    repo.likes = likes;
    repo.trending = trending;
    let mut all = repo.head().files.clone();
    for (path, file) in files {
        if let Some(oid) = &file.large {
            hub.large.insert(oid.clone(), file.bytes.clone());
        }
        all.insert(path.to_owned(), file);
    }
    let parent = Some(repo.head().oid.clone());
    let message = Message {
        title,
        body: "",
        author,
        date: "2025-05-08T11:30:00.000Z",
    };
    repo.commit("refs/heads/main", parent, all, &message);
    hub.repos.insert((kind, id.to_owned()), repo);
    hub.repos.len()
}

fn repo<'a>(hub: &'a mut Hub, kind: Kind, id: &str) -> &'a mut Repo {
    hub.repos.get_mut(&(kind, id.to_owned())).unwrap()
}

/// The branch that the Hub makes of a dataset: Parquet alone.
fn convert(hub: &mut Hub, id: &str, files: &[(&str, &'static [u8])]) {
    let mut all = Files::new();
    for (path, bytes) in files {
        let file = File::large(*bytes);
        hub.large
            .insert(file.large.clone().unwrap(), file.bytes.clone());
        all.insert((*path).to_owned(), file);
    }
    let message = Message {
        title: "Update parquet files",
        body: "",
        author: "parquet-converter",
        date: "2025-05-08T12:00:00.000Z",
    };
    let repo = repo(hub, Kind::Dataset, id);
    let modified = repo.modified.clone();
    repo.commit("refs/convert/parquet", None, all, &message);
    repo.modified = modified;
}

fn wine(hub: &mut Hub) {
    let id = "tabular-lab/wine-cultivars";
    let files = vec![
        ("README.md", File::small(WINE_README)),
        ("data/train.csv", File::small(WINE_TRAIN)),
        ("data/test.csv", File::small(WINE_TEST)),
    ];
    add(
        hub,
        Kind::Dataset,
        id,
        "Add the splits",
        files,
        [48_213, 87, 9],
    );
    convert(hub, id, &WINE_PARQUET);
    let repo = repo(hub, Kind::Dataset, id);
    let target = repo.head().oid.clone();
    let message = Some("As evaluated in the paper".to_owned());
    repo.tags.insert("v1.0".to_owned(), Tag { target, message });
    let mut question = Discussion::new(
        1,
        "Rows of test that are in train",
        "lin",
        "2025-05-12T07:20:00.000Z",
        false,
    );
    question.comment(
        "6821a9b0c4d5e6f708192a3b",
        "lin",
        "2025-05-12T07:20:00.000Z",
        "At least six rows of `test` are also in `train`, with the same cultivar. Is that on purpose?",
    );
    question.comment(
        "6821b3c0c4d5e6f708192a3c",
        "ada",
        "2025-05-12T08:02:00.000Z",
        "No. We will remove them in the next version; until then drop exact duplicates before you report accuracy.",
    );
    repo.discussions.push(question);
}

fn chats(hub: &mut Hub) {
    let id = "tabular-lab/support-chats";
    let files = vec![
        ("README.md", File::small(CHATS_README)),
        ("train.jsonl", File::small(CHATS)),
    ];
    add(
        hub,
        Kind::Dataset,
        id,
        "Upload train.jsonl",
        files,
        [3_904, 21, 4],
    );
    convert(hub, id, &[CHATS_PARQUET]);
}

fn calibrator(hub: &mut Hub) {
    let id = "tabular-lab/cgb-wine";
    // Two trees' worth of numbers, enough for a file that is kept apart.
    let weights: Vec<u8> = (0..40_000_u32)
        .flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes())
        .collect();
    let config = json!({
        "model_type": "cgb", "architectures": ["CalibratedBooster"], "n_trees": 200, "max_depth": 4,
        "learning_rate": 0.08, "calibration": "isotonic-online", "num_labels": 3,
        "id2label": {"0": "barolo", "1": "grignolino", "2": "barbera"},
    });
    let readme = "---\nlicense: apache-2.0\ntags:\n- tabular-classification\n- calibration\ndatasets:\n- tabular-lab/wine-cultivars\nlibrary_name: cgb\n---\n# CGB on wine cultivars\n\nCalibrated gradient boosting from [the paper](https://arxiv.org/abs/2505.04321).\n";
    let files = vec![
        ("README.md", File::small(readme)),
        (
            "config.json",
            File::small(serde_json::to_vec_pretty(&config).unwrap()),
        ),
        ("model.safetensors", File::large(weights)),
    ];
    add(
        hub,
        Kind::Model,
        id,
        "Upload CalibratedBooster",
        files,
        [12_877, 64, 12],
    );
    let repo = repo(hub, Kind::Model, id);
    repo.pipeline = Some("tabular-classification".to_owned());
    repo.library = Some("cgb".to_owned());
}

fn family(hub: &mut Hub, fields: &[&str]) {
    let [kind, id, downloads, likes, library, about] = fields else {
        return;
    };
    let kind = Kind::singular(kind).unwrap();
    let numbers = [
        downloads.parse().unwrap(),
        likes.parse().unwrap(),
        likes.parse::<u64>().unwrap() / 9,
    ];
    let readme = format!(
        "---\nlicense: apache-2.0\nlanguage:\n- en\ntags:\n- tabular\n- {library}\n---\n# {id}\n\n{about} See [the paper](https://arxiv.org/abs/2505.04321).\n"
    );
    add(
        hub,
        kind,
        id,
        "Upload README.md",
        vec![("README.md", File::small(readme))],
        numbers,
    );
    if kind == Kind::Model {
        let repo = repo(hub, kind, id);
        repo.library = Some((*library).to_owned());
        repo.pipeline = Some("tabular-classification".to_owned());
    }
}

/// What not everybody sees.
fn closed(hub: &mut Hub) {
    let notes = File::small("# Notes\n\nWhat the reviewers of the second round asked for.\n");
    add(
        hub,
        Kind::Dataset,
        "ada/cellar-notes",
        "Add notes",
        vec![("README.md", notes)],
        [0, 0, 0],
    );
    repo(hub, Kind::Dataset, "ada/cellar-notes").private = true;
    let readme = File::small("---\nlicense: other\n---\n# Gated cellar\n\nAsk for access.\n");
    let weights = File::large(vec![7; 4096]);
    let files = vec![("README.md", readme), ("model.bin", weights)];
    add(
        hub,
        Kind::Model,
        "tabular-lab/gated-cellar",
        "Upload model.bin",
        files,
        [95, 3, 0],
    );
    repo(hub, Kind::Model, "tabular-lab/gated-cellar").gated = "manual".into();
}

fn spaces(hub: &mut Hub) {
    let app = "import gradio as gr\n\ndemo = gr.Interface(lambda alcohol, hue: \"barolo\", [\"number\", \"number\"], \"text\")\ndemo.launch()\n";
    let readme = "---\ntitle: Wine Cultivars\nsdk: gradio\napp_file: app.py\n---\n\nA demo of https://arxiv.org/abs/2505.04321\n";
    let files = vec![
        ("README.md", File::small(readme)),
        ("app.py", File::small(app)),
        ("requirements.txt", File::small("gradio\n")),
    ];
    add(
        hub,
        Kind::Space,
        "tabular-lab/wine-demo",
        "Add the app",
        files,
        [0, 14, 5],
    );
    run(hub, "tabular-lab/wine-demo", "gradio");
    let dockerfile = "FROM python:3.12-slim\nCMD [\"python\", \"-m\", \"http.server\", \"7860\"]\n";
    let readme = "---\ntitle: Sandbox\nsdk: docker\napp_port: 7860\n---\n";
    let files = vec![
        ("README.md", File::small(readme)),
        ("Dockerfile", File::small(dockerfile)),
    ];
    add(
        hub,
        Kind::Space,
        "tabular-lab/sandbox-template",
        "Add Dockerfile",
        files,
        [0, 2, 0],
    );
    run(hub, "tabular-lab/sandbox-template", "docker");
}

fn run(hub: &mut Hub, id: &str, sdk: &str) {
    let mut space = Space::new(sdk, &json!({}), DAY);
    space.stage = "RUNNING";
    space.hardware = Some("cpu-basic".to_owned());
    repo(hub, Kind::Space, id).space = Some(space);
}

fn collections(hub: &mut Hub) {
    let item = |hub: &mut Hub, kind: &str, id: &str, note: Option<&str>| Item {
        object_id: hub.fresh_id("item"),
        id: id.to_owned(),
        kind: kind.to_owned(),
        note: note.map(str::to_owned),
    };
    let lists = [
        (
            "tabular-lab",
            "Calibrated boosting",
            "Paper, models and data of CGB",
            31,
        ),
        (
            "lin",
            "Small tabular data",
            "What works below a thousand rows",
            58,
        ),
        ("grape-ml", "Wine", "Everything that ferments", 12),
    ];
    for (number, (namespace, title, description, upvotes)) in lists.into_iter().enumerate() {
        let id = hub.fresh_id("collection");
        let mut items = vec![item(hub, "paper", "2505.04321", Some("Start here"))];
        items.push(item(hub, "dataset", "tabular-lab/wine-cultivars", None));
        if number == 0 {
            items.push(item(hub, "model", "tabular-lab/cgb-wine", None));
            items.push(item(hub, "space", "tabular-lab/wine-demo", None));
            items.push(item(hub, "dataset", "tabular-lab/support-chats", None));
        } else {
            items.push(item(hub, "paper", "2503.11870", None));
        }
        hub.collections.push(Collection {
            slug: format!(
                "{namespace}/{}-{id}",
                title.to_lowercase().replace(' ', "-")
            ),
            title: title.to_owned(),
            description: Some(description.to_owned()),
            namespace: namespace.to_owned(),
            private: false,
            theme: "green".to_owned(),
            upvotes,
            updated: "2025-05-20T16:45:00.000Z".to_owned(),
            items,
        });
    }
}
