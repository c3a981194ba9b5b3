# Setup file of the application "spark": where it is installed, for whatever command uses it. Sourced before the command's.
source "$GENIE_APPLICATION_DIR/spark/config/spark-home.sh"
export PATH=$SPARK_HOME/bin:$PATH
