# Setup file of the command "spark-submit": its configuration is that of the cluster that was chosen.
export SPARK_CONF_DIR=$GENIE_COMMAND_DIR/conf
mkdir -p "$SPARK_CONF_DIR"
cp "$GENIE_CLUSTER_DIR"/config/* "$SPARK_CONF_DIR"/
{
  echo
  echo "spark.app.name          $GENIE_JOB_NAME"
  echo "spark.log.callerContext $GENIE_JOB_ID"
} >>"$SPARK_CONF_DIR/spark-defaults.conf"
# What Spark itself logs goes to a file beside the job's output.
cat >"$SPARK_CONF_DIR/log4j2.properties" <<PROPERTIES
rootLogger.level = warn
rootLogger.appenderRef.file.ref = file
appender.file.type = File
appender.file.name = file
appender.file.fileName = $GENIE_JOB_DIR/spark.log
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d{HH:mm:ss.SSS} %p %c{1}: %m%n%ex
PROPERTIES
