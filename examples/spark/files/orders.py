"""Orders and turnover by country, from a file of orders: country, cents."""
import sys

from pyspark.sql import SparkSession, functions as f

with SparkSession.builder.getOrCreate() as spark:
    orders = spark.read.csv(sys.argv[1], schema="id LONG, country STRING, cents LONG")
    by_country = orders.groupBy("country").agg(f.count("*").alias("orders"), f.sum("cents").alias("cents"))
    total = 0
    for row in by_country.orderBy("country").collect():
        print(f"{row.country}  {row.orders:>8,} orders  {row.cents / 100:>14,.2f}")
        total += row.orders
    print(f"{total:,} orders on {spark.sparkContext.master}")
