"""The Confluent Schema Registry REST face: parse, call one operation, print."""
