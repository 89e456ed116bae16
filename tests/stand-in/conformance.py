"""The Hub's official client against the stand-in: what it asks for, and what it makes of the answers.

Run with HF_ENDPOINT set to the stand-in; each check asserts what the client returns. Prints the name of each, and ends with 1 at the first that fails.
"""

import hashlib
import os
import tempfile
from pathlib import Path

assert os.environ["HF_ENDPOINT"].startswith("http://127.0.0.1:")
os.environ["HF_HUB_DISABLE_XET"] = "1"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
os.environ["HF_HUB_DISABLE_EXPERIMENTAL_WARNING"] = "1"

from huggingface_hub import (  # noqa: E402
    CommitOperationAdd,
    CommitOperationDelete,
    HfApi,
    Volume,
    hf_hub_download,
    snapshot_download,
)
from huggingface_hub.errors import (  # noqa: E402
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

ENDPOINT = os.environ["HF_ENDPOINT"]
TOKEN = "hf_standin_ada"
api = HfApi(endpoint=ENDPOINT, token=TOKEN)
reader = HfApi(endpoint=ENDPOINT, token="hf_standin_reader")
nobody = HfApi(endpoint=ENDPOINT, token=False)
scratch = Path(tempfile.mkdtemp())
os.environ["HF_HOME"] = str(scratch / "home")

checks = []


def check(function):
    checks.append(function)
    return function


def status_of(function, *args, error=HfHubHTTPError, **kwargs):
    try:
        function(*args, **kwargs)
    except error as caught:
        return caught.response.status_code
    raise AssertionError(f"{function.__name__} went well")


def paths(repo_id, **kwargs):
    return [entry.path for entry in api.list_repo_tree(repo_id, recursive=True, **kwargs)]


@check
def whoami():
    me = api.whoami()
    assert me["name"] == "ada" and me["type"] == "user" and me["isPro"] is True
    assert [org["name"] for org in me["orgs"]] == ["tabular-lab", "poor-lab"]
    assert me["auth"]["accessToken"]["role"] == "write"
    assert reader.whoami()["auth"]["accessToken"]["role"] == "read"
    bad = HfApi(endpoint=ENDPOINT, token="hf_standin_nobody")
    assert status_of(bad.whoami) == 401


@check
def create_repos():
    for kind, extra in [("model", {}), ("dataset", {}), ("space", {"space_sdk": "gradio"})]:
        url = api.create_repo("ada/first", repo_type=kind, private=True, **extra)
        assert (url.repo_id, url.repo_type) == ("ada/first", kind), url
        assert api.repo_info("ada/first", repo_type=kind).private is True
        again = api.create_repo("ada/first", repo_type=kind, exist_ok=True, **extra)
        assert again.repo_id == "ada/first"
        assert status_of(api.create_repo, "ada/first", repo_type=kind, **extra) == 409
    assert api.create_repo("only-a-name").repo_id == "ada/only-a-name"
    assert status_of(api.create_repo, "grape-ml/not-mine") == 403
    assert status_of(reader.create_repo, "ren/mine") == 403
    assert api.repo_exists("ada/first") and not api.repo_exists("ada/second")


@check
def upload_small():
    info = api.upload_file(
        path_or_fileobj=b"hello\n",
        path_in_repo="notes/hello.txt",
        repo_id="ada/first",
        commit_message="Say hello",
        commit_description="Once",
    )
    assert info.commit_message == "Say hello" and len(info.oid) == 40
    assert info.pr_url is None
    assert paths("ada/first") == ["notes", ".gitattributes", "notes/hello.txt"]
    commits = api.list_repo_commits("ada/first")
    assert [commit.title for commit in commits] == ["Say hello", "initial commit"]
    assert commits[0].commit_id == info.oid and commits[0].authors == ["ada"]
    same = api.upload_file(path_or_fileobj=b"hello\n", path_in_repo="notes/hello.txt", repo_id="ada/first")
    assert same.oid == info.oid, "the client makes no commit of what is there"


@check
def upload_large():
    content = hashlib.sha256(b"seed").digest() * (11 << 15)
    assert len(content) == 11 << 20
    api.upload_file(path_or_fileobj=content, path_in_repo="weights/model.safetensors", repo_id="ada/first")
    [entry] = api.get_paths_info("ada/first", "weights/model.safetensors")
    assert entry.size == 11 << 20 and entry.lfs.sha256 == hashlib.sha256(content).hexdigest()
    assert entry.lfs.pointer_size == 133, entry.lfs
    path = hf_hub_download("ada/first", "weights/model.safetensors", token=TOKEN, cache_dir=scratch / "cache")
    assert Path(path).read_bytes() == content
    # In parts, and a second time not at all.
    longer = content * 2
    api.upload_file(path_or_fileobj=longer, path_in_repo="weights/longer.bin", repo_id="ada/first")
    api.upload_file(path_or_fileobj=longer, path_in_repo="copy.bin", repo_id="ada/first")
    path = hf_hub_download("ada/first", "copy.bin", token=TOKEN, cache_dir=scratch / "cache")
    assert Path(path).read_bytes() == longer


@check
def upload_folder():
    folder = scratch / "folder"
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "README.md").write_text("---\nlicense: mit\ntags:\n- tabular\n---\n# Hello\n")
    (folder / "deep" / "a.txt").write_text("a")
    (folder / "deep" / "er" / "b.bin").write_bytes(bytes(range(256)))
    (folder / "deep" / "skip.log").write_text("no")
    api.upload_folder(repo_id="ada/first", repo_type="dataset", folder_path=folder, ignore_patterns="*.log")
    assert paths("ada/first", repo_type="dataset") == [
        "deep",
        "deep/er",
        ".gitattributes",
        "README.md",
        "deep/a.txt",
        "deep/er/b.bin",
    ]
    info = api.dataset_info("ada/first", files_metadata=True)
    assert info.card_data["license"] == "mit" and "license:mit" in info.tags
    sizes = {sibling.rfilename: sibling.size for sibling in info.siblings}
    assert sizes["deep/er/b.bin"] == 256 and sizes["deep/a.txt"] == 1


@check
def commit_with_delete():
    before = api.repo_info("ada/first", repo_type="dataset").sha
    info = api.create_commit(
        "ada/first",
        [
            CommitOperationAdd("new.txt", b"new"),
            CommitOperationDelete("deep/a.txt"),
            CommitOperationDelete("deep/er/"),
        ],
        commit_message="Move things",
        repo_type="dataset",
        parent_commit=before,
    )
    assert api.repo_info("ada/first", repo_type="dataset").sha == info.oid
    assert paths("ada/first", repo_type="dataset") == [".gitattributes", "README.md", "new.txt"]
    stale = [CommitOperationAdd("late.txt", b"late")]
    assert status_of(api.create_commit, "ada/first", stale, commit_message="Late", repo_type="dataset", parent_commit=before) == 412
    assert status_of(api.delete_file, "gone.txt", "ada/first") == 404


@check
def tree_in_pages():
    operations = [CommitOperationAdd(f"many/{number:03}.txt", str(number).encode()) for number in range(120)]
    api.create_commit("ada/only-a-name", operations, commit_message="Many")
    entries = list(api.list_repo_tree("ada/only-a-name", "many", expand=True))
    assert [entry.path for entry in entries] == [f"many/{number:03}.txt" for number in range(120)]
    assert entries[0].last_commit.title == "Many" and entries[0].security.safe
    assert [entry.path for entry in api.list_repo_tree("ada/only-a-name")] == ["many", ".gitattributes"]


@check
def downloads():
    path = hf_hub_download("tabular-lab/wine-cultivars", "data/train.csv", repo_type="dataset", cache_dir=scratch / "cache", token=False)
    assert Path(path).read_text().count("\n") == 151
    sha = nobody.dataset_info("tabular-lab/wine-cultivars").sha
    assert f"snapshots/{sha}/" in path
    folder = snapshot_download("tabular-lab/cgb-wine", cache_dir=scratch / "cache", token=False)
    names = sorted(str(found.relative_to(folder)) for found in Path(folder).rglob("*") if found.is_file())
    assert names == [".gitattributes", "README.md", "config.json", "model.safetensors"]
    assert (Path(folder) / "model.safetensors").stat().st_size == 160_000
    parquet = hf_hub_download("tabular-lab/wine-cultivars", "default/test/0000.parquet", repo_type="dataset", revision="refs/convert/parquet", cache_dir=scratch / "cache", token=False)
    assert Path(parquet).read_bytes()[:4] == b"PAR1"


@check
def branches_and_tags():
    api.create_branch("ada/first", branch="next/step")
    assert status_of(api.create_branch, "ada/first", branch="next/step") == 409
    api.create_branch("ada/first", branch="next/step", exist_ok=True)
    api.upload_file(path_or_fileobj=b"on a branch", path_in_repo="branch.txt", repo_id="ada/first", revision="next/step")
    assert api.file_exists("ada/first", "branch.txt", revision="next/step")
    assert not api.file_exists("ada/first", "branch.txt")
    api.create_tag("ada/first", tag="v1", tag_message="The first", revision="next/step")
    assert status_of(api.create_tag, "ada/first", tag="v1") == 409
    refs = api.list_repo_refs("ada/first", include_pull_requests=True)
    assert sorted(branch.name for branch in refs.branches) == ["main", "next/step"]
    assert [(tag.name, tag.ref) for tag in refs.tags] == [("v1", "refs/tags/v1")]
    assert refs.tags[0].target_commit == api.repo_info("ada/first", revision="next/step").sha
    assert refs.pull_requests == []
    api.delete_tag("ada/first", tag="v1")
    api.delete_branch("ada/first", branch="next/step")
    assert status_of(api.delete_tag, "ada/first", tag="v1", error=RevisionNotFoundError) == 404
    assert status_of(api.delete_branch, "ada/first", branch="main") == 403
    assert [branch.name for branch in api.list_repo_refs("ada/first").branches] == ["main"]


@check
def pull_requests():
    repo = {"repo_id": "ada/first", "repo_type": "model"}
    info = api.upload_file(path_or_fileobj=b"proposed\n", path_in_repo="proposal.txt", create_pr=True, commit_message="Propose", **repo)
    assert info.pr_num == 1 and info.pr_revision == "refs/pr/1"
    details = api.get_discussion_details(discussion_num=1, **repo)
    assert details.is_pull_request and details.status == "open" and details.conflicting_files == []
    assert details.events[0].type == "commit" and details.events[0].oid == info.oid
    assert "+proposed" in details.diff and "new file mode" in details.diff
    comment = api.comment_discussion(discussion_num=1, comment="Looks good", **repo)
    assert comment.content == "Looks good" and comment.author == "ada"
    api.upload_file(path_or_fileobj=b"more\n", path_in_repo="more.txt", revision="refs/pr/1", **repo)
    assert not api.file_exists("ada/first", "proposal.txt")
    api.merge_pull_request(discussion_num=1, comment="In it goes", **repo)
    details = api.get_discussion_details(discussion_num=1, **repo)
    assert details.status == "merged" and details.merge_commit_oid == api.repo_info("ada/first").sha
    assert api.file_exists("ada/first", "proposal.txt") and api.file_exists("ada/first", "more.txt")

    draft = api.create_pull_request(title="Empty so far", description="To be filled", **repo)
    assert draft.num == 2 and draft.status == "draft" and draft.events[0].content == "To be filled"
    assert status_of(api.merge_pull_request, discussion_num=2, **repo) == 400
    changed = api.change_discussion_status(discussion_num=2, new_status="open", **repo)
    assert changed.new_status == "open"
    api.change_discussion_status(discussion_num=2, new_status="closed", comment="Never mind", **repo)

    talk = api.create_discussion(title="How do you like it?", **repo)
    assert talk.num == 3 and talk.status == "open" and not talk.is_pull_request
    title = api.rename_discussion(discussion_num=3, new_title="Do you like it?", **repo)
    assert (title.old_title, title.new_title) == ("How do you like it?", "Do you like it?")
    for number in range(12):
        api.create_discussion(title=f"Question {number}", **repo)
    listed = list(api.get_repo_discussions(**repo))
    assert len(listed) == 15 and listed[0].title == "Question 11"
    assert [one.num for one in api.get_repo_discussions(discussion_status="closed", **repo)] == [2, 1]
    assert [one.num for one in api.get_repo_discussions(discussion_type="pull_request", **repo)] == [2, 1]

    # Both sides change one file.
    both = api.upload_file(path_or_fileobj=b"theirs", path_in_repo="proposal.txt", create_pr=True, **repo)
    api.upload_file(path_or_fileobj=b"ours", path_in_repo="proposal.txt", **repo)
    details = api.get_discussion_details(discussion_num=both.pr_num, **repo)
    assert details.conflicting_files == ["proposal.txt"]
    assert status_of(api.merge_pull_request, discussion_num=both.pr_num, **repo) == 409
    # Whoever may not write may not propose with a token that reads.
    assert status_of(reader.comment_discussion, "tabular-lab/wine-cultivars", 1, "x", repo_type="dataset") == 403


@check
def settings():
    api.update_repo_settings("ada/first", private=False, gated="auto")
    info = api.model_info("ada/first")
    assert info.private is False and info.gated == "auto"
    assert status_of(reader.hf_hub_download, "ada/first", "notes/hello.txt", error=GatedRepoError, cache_dir=scratch / "other") == 403
    api.update_repo_settings("ada/first", gated=False)
    assert reader.hf_hub_download("ada/first", "notes/hello.txt", cache_dir=scratch / "other")
    assert status_of(reader.update_repo_settings, "ada/first", private=True) == 403


@check
def jobs():
    job = api.run_job(
        image="python:3.12",
        command=["python", "-c", "print('hello from a job')"],
        flavor="t4-small",
        env={"EPOCHS": "3"},
        secrets={"HF_TOKEN": TOKEN},
        timeout="2h",
        labels={"project": "wine"},
    )
    assert job.status.stage == "SCHEDULING" and job.owner.name == "ada" and job.flavor == "t4-small"
    assert job.url == f"{ENDPOINT}/jobs/ada/{job.id}"
    stages = [api.inspect_job(job_id=job.id).status.stage for _ in range(4)]
    assert stages == ["SCHEDULING", "RUNNING", "COMPLETED", "COMPLETED"], stages
    assert list(api.fetch_job_logs(job_id=job.id)) == ["hello from a job"]
    followed = api.run_job(image="python:3.12", command=["python", "-c", "print('a'); print('b'); raise SystemExit('no data')"])
    lines = list(api.fetch_job_logs(job_id=followed.id, follow=True))
    assert lines == ["a", "b", "Traceback (most recent call last):", "SystemExit: no data"], lines
    ended = api.inspect_job(job_id=followed.id)
    assert ended.status.stage == "ERROR" and ended.finished_at is not None
    hanging = api.run_job(image="python:3.12", command=["sleep", "infinity"], env={"HANG": "1"}, namespace="tabular-lab")
    for _ in range(4):
        assert api.inspect_job(job_id=hanging.id, namespace="tabular-lab").status.stage in ("SCHEDULING", "RUNNING")
    api.cancel_job(job_id=hanging.id, namespace="tabular-lab")
    assert api.inspect_job(job_id=hanging.id, namespace="tabular-lab").status.stage == "CANCELED"
    for number in range(25):
        api.run_job(image="python:3.12", command=["true"], labels={"number": str(number)})
    assert len(list(api.list_jobs(namespace="ada"))) == 27
    assert [one.id for one in api.list_jobs(namespace="ada", labels={"project": "wine"})] == [job.id]
    assert [one.id for one in api.list_jobs(namespace="ada", status="ERROR")] == [followed.id]
    names = {machine.name: machine for machine in api.list_jobs_hardware()}
    assert names["cpu-basic"].accelerator is None and names["cpu-basic"].unit_label == "minute"
    assert names["a100-large"].accelerator.vram == "80 GB"
    assert abs(names["t4-small"].unit_cost_usd * 60 - 0.4) < 0.001
    assert status_of(api.run_job, image="x", command=["true"], namespace="poor-lab") == 402
    assert status_of(api.run_job, image="x", command=["true"], namespace="grape-ml") == 403
    assert status_of(api.run_job, image="x", command=["true"], flavor="abacus") == 400
    assert status_of(reader.run_job, image="x", command=["true"]) == 403
    assert status_of(api.inspect_job, job_id="0" * 24) == 404


@check
def scheduled_jobs():
    one = api.create_scheduled_job(image="python:3.12", command=["true"], schedule="@daily", flavor="cpu-basic")
    assert one.schedule == "@daily" and one.suspend is False and one.status.last_job is None
    assert one.status.next_job_run_at is not None and one.job_spec.docker_image == "python:3.12"
    two = api.create_scheduled_job(image="python:3.12", command=["true"], schedule="0 9 * * 1", suspend=True)
    assert [one_of.id for one_of in api.list_scheduled_jobs()] == [one.id, two.id]
    api.suspend_scheduled_job(scheduled_job_id=one.id)
    assert api.inspect_scheduled_job(scheduled_job_id=one.id).suspend is True
    api.resume_scheduled_job(scheduled_job_id=one.id)
    job = api.trigger_scheduled_job(scheduled_job_id=one.id) if hasattr(api, "trigger_scheduled_job") else api.run_scheduled_job(scheduled_job_id=one.id)
    seen = api.inspect_scheduled_job(scheduled_job_id=one.id)
    assert seen.suspend is False and seen.status.last_job.id == job.id and seen.status.last_job.at is not None
    api.delete_scheduled_job(scheduled_job_id=two.id)
    assert [one_of.id for one_of in api.list_scheduled_jobs()] == [one.id]
    assert status_of(api.create_scheduled_job, image="x", command=["true"], schedule="sometimes") == 400
    assert status_of(api.create_scheduled_job, image="x", command=["true"], schedule="@daily", namespace="poor-lab") == 402


@check
def spaces():
    url = api.duplicate_repo("tabular-lab/sandbox-template", "ada/sandbox-0123abcd", repo_type="space", private=True, space_hardware="cpu-basic", space_secrets=[{"key": "FIRST", "value": "1"}])
    assert url.repo_id == "ada/sandbox-0123abcd" and url.repo_type == "space"
    space = "ada/sandbox-0123abcd"
    stages = [api.get_space_runtime(space).stage for _ in range(4)]
    assert stages == ["BUILDING", "APP_STARTING", "RUNNING", "RUNNING"], stages
    runtime = api.get_space_runtime(space)
    assert (runtime.hardware, runtime.requested_hardware) == ("cpu-basic", "cpu-basic")
    assert api.request_space_hardware(space, "t4-small").requested_hardware == "t4-small"
    api.add_space_secret(space, "HF_TOKEN", "secret", description="Mine")
    secrets = api.get_space_secrets(space)
    assert set(secrets) == {"FIRST", "HF_TOKEN"} and secrets["HF_TOKEN"].description == "Mine"
    api.delete_space_secret(space, "FIRST")
    assert set(api.get_space_secrets(space)) == {"HF_TOKEN"}
    variables = api.add_space_variable(space, "MODE", "fast", description="How")
    assert variables["MODE"].value == "fast" and variables["MODE"].updated_at is not None
    assert api.get_space_variables(space)["MODE"].description == "How"
    assert api.delete_space_variable(space, "MODE") == {}
    api.set_space_volumes(space, volumes=[Volume(type="dataset", source="tabular-lab/wine-cultivars", mount_path="/data", read_only=True)])
    [volume] = api.get_space_runtime(space).volumes
    assert (volume.type, volume.source, volume.mount_path, volume.read_only) == ("dataset", "tabular-lab/wine-cultivars", "/data", True)
    api.delete_space_volumes(space)
    assert api.get_space_runtime(space).volumes == []
    assert status_of(api.delete_space_volumes, space) == 400
    assert api.pause_space(space).stage == "PAUSED"
    assert api.restart_space(space).stage == "BUILDING"
    assert status_of(api.duplicate_repo, "tabular-lab/sandbox-template", space, repo_type="space") == 409
    assert status_of(api.duplicate_repo, "tabular-lab/sandbox-template", "poor-lab/big", repo_type="space", space_hardware="a100-large") == 402


@check
def buckets():
    url = api.create_bucket("ada/store", private=True)
    assert url.bucket_id == "ada/store"
    assert api.create_bucket("ada/store", exist_ok=True).bucket_id == "ada/store"
    assert status_of(api.create_bucket, "ada/store") == 409
    info = api.bucket_info("ada/store")
    assert info.private is True and info.total_files == 0
    api.delete_bucket("ada/store")
    assert status_of(api.bucket_info, "ada/store") == 404


@check
def collections():
    one = api.create_collection("Wines & more", namespace="ada", description="For the cellar", private=True)
    assert one.title == "Wines & more" and one.items == [] and one.slug.startswith("ada/wines-more-")
    assert api.create_collection("Wines & more", namespace="ada", exists_ok=True).slug == one.slug
    assert status_of(api.create_collection, "Wines & more", namespace="ada") == 409
    filled = api.add_collection_item(one.slug, "tabular-lab/wine-cultivars", "dataset", note="Small")
    api.add_collection_item(one.slug, "2505.04321", "paper")
    assert (filled.items[0].item_id, filled.items[0].item_type, filled.items[0].note) == ("tabular-lab/wine-cultivars", "dataset", "Small")
    assert status_of(api.add_collection_item, one.slug, "2505.04321", "paper") == 409
    api.update_collection_item(one.slug, filled.items[0].item_object_id, note="Very small", position=1)
    seen = api.get_collection(one.slug)
    assert [item.item_type for item in seen.items] == ["paper", "dataset"] and seen.items[1].note == "Very small"
    api.delete_collection_item(one.slug, seen.items[0].item_object_id)
    renamed = api.update_collection_metadata(one.slug, title="Whites", private=False)
    assert renamed.slug.startswith("ada/whites-") and api.get_collection(one.slug).title == "Whites"
    assert [found.slug for found in api.list_collections(owner="ada")] == [renamed.slug]
    api.delete_collection(renamed.slug)
    assert status_of(api.get_collection, renamed.slug) == 404
    assert len(list(nobody.list_collections(item="papers/2505.04321"))) == 3


@check
def lists():
    models = list(nobody.list_models(filter="arxiv:2505.04321", sort="downloads", limit=100))
    assert len(models) == 19 and models[0].id == "tabular-lab/cgb-wine"
    assert [model.downloads for model in models] == sorted((model.downloads for model in models), reverse=True)
    data = list(nobody.list_datasets(filter="arxiv:2505.04321", sort="likes"))
    assert len(data) == 15 and data[0].id == "tabular-lab/wine-cultivars"
    assert [space.id for space in nobody.list_spaces(author="tabular-lab")] == ["tabular-lab/wine-demo", "tabular-lab/sandbox-template"]
    assert [found.id for found in nobody.list_datasets(search="SUPPORT")] == ["tabular-lab/support-chats"]
    assert "ada/cellar-notes" not in [found.id for found in nobody.list_datasets()]
    assert "ada/cellar-notes" in [found.id for found in api.list_datasets(author="ada")]


@check
def papers():
    paper = nobody.paper_info("2505.04321")
    assert paper.title == "Calibrated Gradient Boosting for Small Tabular Data" and len(paper.authors) == 4
    assert paper.github_repo == "https://github.com/tabular-lab/cgb" and paper.upvotes == 142
    found = list(nobody.list_papers(query="calibrated gradient boosting on small tables"))
    assert len(found) > 10 and found[0].id == "2505.04321"
    daily = list(nobody.list_daily_papers(limit=10))
    assert len(daily) == 10 and daily[0].id == "2505.04321"


@check
def errors():
    assert status_of(api.model_info, "ada/nothing", error=RepositoryNotFoundError) == 404
    # The client takes an anonymous 401 for a missing repository only over TLS.
    assert status_of(nobody.dataset_info, "ada/cellar-notes") == 401
    assert status_of(reader.dataset_info, "ada/cellar-notes", error=RepositoryNotFoundError) == 404
    assert status_of(api.hf_hub_download, "tabular-lab/cgb-wine", "gone.txt", error=EntryNotFoundError) == 404
    assert status_of(api.hf_hub_download, "tabular-lab/cgb-wine", "config.json", revision="gone", error=RevisionNotFoundError) == 404
    assert status_of(lambda: list(api.list_repo_tree("tabular-lab/cgb-wine", "gone")), error=EntryNotFoundError) == 404
    assert status_of(reader.upload_file, path_or_fileobj=b"x", path_in_repo="x", repo_id="tabular-lab/cgb-wine") == 403
    assert status_of(reader.hf_hub_download, "tabular-lab/gated-cellar", "model.bin", error=GatedRepoError) == 403


@check
def delete():
    for kind in ("model", "dataset", "space"):
        api.delete_repo("ada/first", repo_type=kind)
        assert not api.repo_exists("ada/first", repo_type=kind)
        assert status_of(api.delete_repo, "ada/first", repo_type=kind, error=RepositoryNotFoundError) == 404
        api.delete_repo("ada/first", repo_type=kind, missing_ok=True)
    assert status_of(reader.delete_repo, "tabular-lab/cgb-wine") == 403


for one in checks:
    one()
    print(f"ok {one.__name__}", flush=True)
print(f"all {len(checks)}", flush=True)
