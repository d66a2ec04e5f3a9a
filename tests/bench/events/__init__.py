"""From commit to consumer on PostgreSQL and Apache Kafka, beside Debezium's engine; called by `make bench`."""
