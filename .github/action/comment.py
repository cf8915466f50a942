"""A step of the action: say it in a comment on the pull request, which the next run of the workflow changes.

A comment is a convenience: where none can be written (a pull request from a fork has a token that only reads), the log
says so, and the job's summary has the same text. The job passes or fails by what was measured.
"""

import json
import os
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

LONGEST = 60_000  # characters; GitHub takes 65,536
A_PAGE = 100
MOST_PAGES = 50


def request(method: str, path: str, content: dict[str, str] | None = None) -> Any:
    """Ask the API of the repository, and return its answer."""
    url = f"{os.environ['GITHUB_API_URL']}/repos/{os.environ['GITHUB_REPOSITORY']}/{path}"
    headers = {
        "Accept": "application/vnd.github+json",
        "Authorization": f"Bearer {os.environ['GITHUB_TOKEN']}",
        "X-GitHub-Api-Version": "2022-11-28",
        "User-Agent": "yololab",
    }
    body = None if content is None else json.dumps(content).encode()
    asked = urllib.request.Request(url, body, headers, method=method)
    with urllib.request.urlopen(asked, timeout=30) as answer:
        return json.load(answer)


def pull_request() -> int | None:
    """Return the number of the pull request that the workflow runs for; None when it runs for something else."""
    event = json.loads(Path(os.environ["GITHUB_EVENT_PATH"]).read_text(encoding="utf-8"))
    found = (event.get("pull_request") or {}).get("number")
    return found if isinstance(found, int) else None


def own_comment(number: int, marker: str) -> int | None:
    """Return the comment that an earlier run wrote; one of a person that begins alike is not ours to change."""
    for page in range(1, MOST_PAGES + 1):
        comments = request("GET", f"issues/{number}/comments?per_page={A_PAGE}&page={page}")
        for comment in comments:
            if comment["user"]["type"] == "Bot" and (comment.get("body") or "").startswith(marker):
                return int(comment["id"])
        if len(comments) < A_PAGE:
            break
    return None


def shortened(text: str) -> str:
    """Return as much as a comment may hold, cut between two lines, with what was folded closed again."""
    if len(text) <= LONGEST:
        return text
    text = text[:LONGEST].rpartition("\n")[0]
    closing = "\n</details>" * (text.count("<details>") - text.count("</details>"))
    return f"{text}\n{closing}\n\nThe rest is in the summary of the job.\n"


def main() -> int:
    """Write the comment, or say why there is none; return 0."""
    number = pull_request()
    if number is None:
        print("This is no pull request: the summary of the job has the result.")
        return 0
    key = "".join(letter for letter in os.environ["KEY"] if letter.isalnum() or letter in "_ .")
    marker = f"<!-- yololab: {key} -->"
    body = {"body": f"{marker}\n{shortened(Path(os.environ['TEXT']).read_text(encoding='utf-8'))}"}
    try:
        own = own_comment(number, marker)
        if own is None:
            request("POST", f"issues/{number}/comments", body)
        else:
            request("PATCH", f"issues/comments/{own}", body)
    except urllib.error.HTTPError as error:
        why = f"GitHub answered {error.code}"
        why += ", as it does for pull requests of forks" if error.code == 403 else ""
        print(f"::notice title=yololab::no comment was written ({why}); the summary of the job has the result")
    except (OSError, ValueError) as error:
        print(f"::notice title=yololab::no comment was written ({type(error).__name__}); the summary has the result")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
