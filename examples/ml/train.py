#!/usr/bin/env python3
"""Trains a model of arrival delays on the flights; its scores and coefficients are one commit that carries the run key."""
import argparse
import os

from pyspark.ml import Pipeline
from pyspark.ml.evaluation import RegressionEvaluator
from pyspark.ml.feature import OneHotEncoder, StringIndexer, VectorAssembler
from pyspark.ml.regression import LinearRegression
from pyspark.sql import SparkSession, functions as F

CATEGORIES = ["carrier", "origin"]
NUMBERS = ["dep_delay", "distance", "hour", "month", "seats"]
SEED = 2013


def read(spark, path):
    return spark.read.options(header=True, inferSchema=True, nullValue="NA").csv(path)


def train(flights, planes):
    rows = (flights.join(planes.select("tailnum", "seats"), "tailnum", "left")
            .where("arr_delay IS NOT NULL AND dep_delay IS NOT NULL").fillna({"seats": 0}))
    learn, test = rows.randomSplit([0.8, 0.2], seed=SEED)
    indexed = [f"{name}_index" for name in CATEGORIES]
    vectors = [f"{name}_vector" for name in CATEGORIES]
    model = Pipeline(stages=[
        StringIndexer(inputCols=CATEGORIES, outputCols=indexed, handleInvalid="keep"),
        OneHotEncoder(inputCols=indexed, outputCols=vectors),
        VectorAssembler(inputCols=NUMBERS + vectors, outputCol="features"),
        LinearRegression(labelCol="arr_delay", maxIter=20, regParam=0.1)]).fit(learn)
    scored = model.transform(test)
    score = lambda metric: RegressionEvaluator(labelCol="arr_delay", metricName=metric).evaluate(scored)
    return model, {"rows": float(rows.count()), "rmse": score("rmse"), "r2": score("r2")}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flights", required=True)
    parser.add_argument("--planes", required=True)
    parser.add_argument("--model", required=True, help="the folder of the fitted model, a folder a run inside")
    args = parser.parse_args()
    spark = SparkSession.builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    model, scores = train(read(spark, args.flights), read(spark, args.planes))
    # A folder an attempt: that of an attempt that failed is named by no commit.
    model.write().overwrite().save(f"{args.model}/{os.environ['TIDEMILL_ATTEMPT']}")
    weights = dict(zip(NUMBERS, (float(weight) for weight in model.stages[-1].coefficients)))
    facts = [("score", name, value) for name, value in scores.items()] + [("weight", *item) for item in weights.items()]
    rows = spark.createDataFrame(facts, "kind STRING, name STRING, value DOUBLE").coalesce(1)
    (rows.withColumn("model", F.lit(os.environ["TIDEMILL_ATTEMPT"])).write.format("delta")
     .option("txnAppId", os.environ["TIDEMILL_RUN_KEY"]).option("txnVersion", os.environ["TIDEMILL_TXN_VERSION"])
     .mode("append").save(os.environ["TIDEMILL_TABLE"]))
    print(f"r2 {scores['r2']:.3f}, rmse {scores['rmse']:.1f} minutes, on {scores['rows']:.0f} flights")
    spark.stop()


if __name__ == "__main__":
    main()
