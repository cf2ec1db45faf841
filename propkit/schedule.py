"""Recipes by which a scheduler reads the exports and makes the reports of a workspace, unattended.  Runs nothing.

Every recipe does the same: `ingest`, and unless that failed outright `run`, on a day of each month.  Files that were refused
(exit code 1 of `ingest`) hold nothing up; where one command does both, they are told by its exit code once the reports are made.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Callable
from string import Template

from propkit import __version__
from propkit.errors import EXIT_LOCKED, ConfigError
from propkit.text import Text
from propkit.workspace import Workspace

DAY, HOUR, MINUTE = 5, 6, 30
"""When: on the day by which the exports of the month before have come, in the time zone of the workspace."""
AGAIN_MINUTES = 10
_BOTH = "$ingest; read=$?; [ $read -le 1 ] || exit $read; $run || exit $?; exit $read"

_ABOUT = (
    Text("propkit $version：每月 $day 日 $hour:$minute（$zone）读入 raw/，生成上个月的报告；没有变化的不重跑",
         "propkit $version: reads raw/ on day $day of each month at $hour:$minute ($zone) and makes last month's reports; only what changed"),
    Text("随时可以中断或重启：再运行一次会接着做。同一工作区一次只能有一个，第二个以 75 退出",
         "May be stopped at any moment: the next run goes on. One at a time in a workspace; a second one exits with 75"),
    Text("退出码：0 正常；1 有报告失败、未公布或有文件被拒收；2 用法或配置不对；3 没有数据；75 被占用；130 被中断",
         "Exit codes: 0 well; 1 a report failed or was withheld, or a file was refused; 2 wrong use or settings; 3 no data; 75 locked; 130 interrupted"),
)  # fmt: skip
_FIXED = Text(
    "注意：propkit.toml 固定了 as_of = $as_of，每次都会生成同一个月；定时运行前请去掉",
    "Note: propkit.toml fixes as_of = $as_of, so every run makes the same month; remove it before scheduling",
)
_HOW: dict[str, tuple[Text, ...]] = {
    "cron": (
        Text("安装：crontab -e，把全部内容粘贴到最后", "To install: crontab -e, and paste all of this at the end"),
        Text("CRON_TZ 对其后各行都有效，只有 cronie 认得；其他 cron 用机器的时区。有输出时 cron 会发邮件给 MAILTO",
             "CRON_TZ holds for all lines after it and is read by cronie; other crons use the machine's zone. cron mails what is printed to MAILTO"),
    ),
    "systemd": (
        Text("安装：以下两段各存为一个文件，然后 systemctl --user daemon-reload && systemctl --user enable --now propkit.timer",
             "To install: save the two parts as two files, then systemctl --user daemon-reload && systemctl --user enable --now propkit.timer"),
        Text("没人登录也要运行：loginctl enable-linger。看日志：journalctl --user -u propkit",
             "To run while nobody is logged in: loginctl enable-linger. To read the log: journalctl --user -u propkit"),
    ),
    "airflow": (
        Text("安装：存为 DAG 文件夹里的 propkit_reports.py；工作进程要看得到同一个工作区",
             "To install: save as propkit_reports.py in the DAG folder; workers must see the workspace"),
        Text("被占用或被杀掉会重试，报告本身的失败不重试。被拒收的文件写在任务 ingest 的日志里",
             "Locked or killed is tried again, failed reports are not. Refused files are in the log of the task ingest"),
    ),
    "k8s": (
        Text("安装：kubectl apply -f propkit.yaml；image 要装有 propkit，卷 propkit-workspace 里放工作区",
             "To install: kubectl apply -f propkit.yaml; the image holds propkit, the volume propkit-workspace the workspace"),
        Text("被占用或被杀掉会重试，报告本身的失败不重试。被拒收的文件写在容器 ingest 的日志里",
             "Locked or killed is tried again, failed reports are not. Refused files are in the log of the container ingest"),
    ),
}  # fmt: skip
_TOP_HINT = Text("以 root 运行时去掉 --user", "As root, leave out --user")

_CRON = """CRON_TZ=$zone
$minute $hour $day * * $both
"""
_SYSTEMD = """# ~/.config/systemd/user/propkit.service
[Unit]
Description=propkit reports
StartLimitIntervalSec=1d
StartLimitBurst=12

[Service]
Type=oneshot
ExecStart=/bin/sh -c $both
# $retry
Restart=on-failure
RestartSec=${again}min
RestartPreventExitStatus=1 2 3 130
TimeoutStartSec=infinity
Nice=10

# ~/.config/systemd/user/propkit.timer
[Unit]
Description=propkit reports every month

[Timer]
OnCalendar=*-*-$day2 $hour:$minute:00 $zone
# $missed
Persistent=true

[Install]
WantedBy=timers.target
"""
_AIRFLOW = """import subprocess
from datetime import timedelta

import pendulum
from airflow.exceptions import AirflowException, AirflowFailException

try:
    from airflow.sdk import dag, task
except ImportError:  # Airflow 2
    from airflow.decorators import dag, task

PROPKIT = $propkit
WORKSPACE = $workspace
LOCKED = $locked


def call(*arguments: str) -> int:
    code = subprocess.run([*PROPKIT, *arguments, "-q", "--lang", "$lang", "-w", WORKSPACE], check=False).returncode
    if code == LOCKED or code < 0 or code > 128:
        raise AirflowException(f"propkit: {code}")
    if code > 1:
        raise AirflowFailException(f"propkit: {code}")
    return code


@dag(
    dag_id="propkit_reports",
    schedule="$minute $hour $day * *",
    start_date=pendulum.datetime(2025, 1, 1, tz="$zone"),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 6, "retry_delay": timedelta(minutes=$again)},
)
def propkit_reports():
    @task
    def ingest():
        call("ingest")

    @task
    def run():
        if call("run", "--period", "last-month", "-j", "$jobs"):
            raise AirflowFailException("propkit: 1")

    ingest() >> run()


propkit_reports()
"""
_K8S = """apiVersion: batch/v1
kind: CronJob
metadata:
  name: propkit-reports
spec:
  schedule: "$minute $hour $day * *"
  timeZone: $zone
  concurrencyPolicy: Forbid
  jobTemplate:
    spec:
      backoffLimit: 6
      podFailurePolicy:
        rules:
          - action: FailJob
            onExitCodes:
              operator: In
              values: [1, 2, 3]
      template:
        spec:
          restartPolicy: Never
          securityContext:
            runAsNonRoot: true
            runAsUser: 1000
            fsGroup: 1000
          initContainers:
            - name: ingest
              image: propkit:$version
              command: ["/bin/sh", "-c", "propkit ingest -q --lang $lang -w /workspace; code=$$?; [ $$code -eq 1 ] || exit $$code"]
              volumeMounts: &mounts
                - {name: workspace, mountPath: /workspace}
                - {name: scratch, mountPath: /tmp}
          containers:
            - name: run
              image: propkit:$version
              command: ["propkit", "run", "--period", "last-month", "-j", "$jobs", "-q", "--lang", "$lang", "-w", "/workspace"]
              volumeMounts: *mounts
              env:
                - {name: HOME, value: /tmp}
              resources:
                requests: {cpu: "$jobs", memory: 1Gi}
                # $memory
                limits: {memory: ${gigabytes}Gi}
          volumes:
            - name: workspace
              persistentVolumeClaim: {claimName: propkit-workspace}
            - name: scratch
              emptyDir: {}
"""
_ASIDE = {
    "retry": Text("只在被占用（75）或被杀掉时再试", "tried again only when locked (75) or killed"),
    "missed": Text("关机错过的，开机后补做", "what was missed while the machine was off is done when it is on"),
    "memory": Text(
        "每份报告最多 2 GB（--memory），另留 1 GB", "2 GB for each report at a time (--memory), and 1 GB more"
    ),
}


def recipe(kind: str, workspace: Workspace, lang: str) -> str:
    """Return the recipe of a scheduler ("cron", "systemd", "airflow", "k8s") for this workspace, its comments in `lang`.

    Raises ConfigError where the workspace's path cannot stand in such a file.
    """
    root = str(workspace.root.resolve())
    if not root.isprintable():
        what = Text("工作区的路径里有换行等不可见字符", "the workspace's path holds line breaks or the like")
        raise ConfigError(what, got=ascii(root), hint=Text("改文件夹名", "rename the folder"))
    general, jobs = workspace.settings.workspace, os.cpu_count() or 1
    # -P: a file of the workspace that is named like a module must not be imported.
    program = [sys.executable, "-P", "-m", "propkit"]
    given = {
        "version": __version__, "zone": general.timezone, "day": DAY, "day2": f"{DAY:02}", "hour": f"{HOUR:02}",
        "minute": f"{MINUTE:02}", "again": AGAIN_MINUTES, "jobs": jobs, "gigabytes": 2 * jobs + 1, "locked": EXIT_LOCKED,
        "lang": lang, "as_of": general.as_of or "", "propkit": json.dumps(program, ensure_ascii=False), "workspace": json.dumps(root, ensure_ascii=False),
        "both": _SHELLED.get(kind, str)(_both(program, root, jobs, lang)),
        **{name: words.get(lang) for name, words in _ASIDE.items()},
    }  # fmt: skip
    about = [*_ABOUT, *([_FIXED] if general.as_of else []), *_HOW[kind]]
    if kind == "systemd":
        about.append(_TOP_HINT)
    head = "".join(f"# {Template(words.get(lang)).substitute(given)}\n" for words in about)
    return head + Template(_RECIPES[kind]).substitute(given)


def _both(program: list[str], root: str, jobs: int, lang: str) -> str:
    """Both commands as a line for sh."""
    place = ["-q", "--lang", lang, "-w", root]
    ingest = shlex.join([*program, "ingest", *place])
    run = shlex.join([*program, "run", "--period", "last-month", "-j", str(jobs), *place])
    return _BOTH.replace("$ingest", ingest).replace("$run", run)


def _for_cron(line: str) -> str:
    """cron takes a bare % for a line's end."""
    return line.replace("%", r"\%")


def _for_systemd(line: str) -> str:
    """One argument: quoted, with nothing left that systemd would expand."""
    quoted = line.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{quoted}"'


_SHELLED: dict[str, Callable[[str], str]] = {"cron": _for_cron, "systemd": _for_systemd}
_RECIPES = {"cron": _CRON, "systemd": _SYSTEMD, "airflow": _AIRFLOW, "k8s": _K8S}
KINDS = tuple(_RECIPES)
