#!/bin/bash
# A Spark standalone cluster that registers itself with Marid when it is up, and deregisters before it goes, as the start and shut-down scripts of a cloud's
# clusters do. Runs in the foreground until SIGTERM:
#
#   spark-cluster.sh ID FOLDER TAG...
#
# Needs SPARK_HOME, MARID (the command, for example `marid`) and MARID_ADDRESS. Writes its logs and configuration to FOLDER.
set -o errexit -o nounset -o pipefail

id=$1 folder=$2
shift 2
mkdir -p "$folder/conf" "$folder/work"
children=()
export SPARK_LOCAL_IP=127.0.0.1 SPARK_NO_DAEMONIZE=1 SPARK_CONF_DIR=$folder/conf SPARK_DAEMON_MEMORY=256m
# Short jobs: what the compiler and the collector of the JVM cost at the start matters more than what they gain.
jvm='-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData -Xshare:auto'
export SPARK_DAEMON_JAVA_OPTS=$jvm

register() { # register TAG...
  local tags
  tags=$(printf '"%s", ' "$@")
  $MARID apply -f - <<YAML
kind: Cluster
id: $id
name: $id
user: data-platform
version: "3.5"
status: UP
tags: [${tags%, }]
configs: ["file://$folder/conf/spark-defaults.conf"]
YAML
}

deregister() { # matches no new job; those that it has may end
  trap '' TERM INT
  $MARID get cluster "$id" -o yaml | sed 's/^status: .*/status: TERMINATED/' | $MARID apply -f - || true
  local jobs
  jobs=$($MARID get jobs --cluster "$id" --status ACCEPTED,CLAIMED,INIT,RUNNING -o name) || true
  [[ -z $jobs ]] || $MARID wait $jobs >/dev/null || true
  exit 0
}

start() { # start NAME CLASS ARGUMENT...: a daemon with a log
  local log=$folder/$1.log
  shift
  "$SPARK_HOME/bin/spark-class" "$@" >"$log" 2>&1 &
  children+=($!)
}

await() { # await FILE TEXT: until the text is in the file of a daemon that lives
  until grep -q "$2" "$1" 2>/dev/null; do
    kill -0 "${children[@]}" || { tail -n 20 "$1" >&2; exit 1; }
    sleep 0.1
  done
}

trap 'kill "${children[@]}" 2>/dev/null || true; wait' EXIT
start master org.apache.spark.deploy.master.Master --host 127.0.0.1 --port 0 --webui-port 0
await "$folder/master.log" "service 'sparkMaster' on port"
port=$(sed -n "s/.*service 'sparkMaster' on port \([0-9]*\).*/\1/p" "$folder/master.log")
start worker org.apache.spark.deploy.worker.Worker --host 127.0.0.1 --webui-port 0 --cores 4 --memory 2g --work-dir "$folder/work" \
  "spark://127.0.0.1:$port"
await "$folder/worker.log" 'Successfully registered with master'

cat >"$folder/conf/spark-defaults.conf" <<CONF
spark.master            spark://127.0.0.1:$port
spark.driver.host       127.0.0.1
spark.driver.memory     512m
spark.executor.memory   512m
spark.cores.max         2
spark.driver.extraJavaOptions    $jvm
spark.executor.extraJavaOptions  $jvm
spark.ui.enabled        false
spark.sql.shuffle.partitions  2
CONF
trap deregister TERM INT
register "$@"
wait
