# SPDX-License-Identifier: MIT
"""librdkafka with OpenSSL, zlib, zstd and curl linked in; its mock broker is the server."""
import confluent_kafka
from confluent_kafka import KafkaError, KafkaException, Producer

print(confluent_kafka.version()[0], confluent_kafka.libversion()[0])
mock = {"test.mock.num.brokers": 1, "log_level": 0}
delivered = []
producer = Producer(dict(mock, **{"compression.type": "gzip"}))
for i in range(100):
    producer.produce("topic", b"%d" % i, callback=lambda error, message: delivered.append(error))
print(producer.flush(30), delivered == [None] * 100)
for codec in ("zstd", "lz4", "snappy", "nonsense"):
    try:
        print(codec, type(Producer(dict(mock, **{"compression.type": codec}))).__name__)
    except KafkaException as error:
        print("error", error.args[0].code() == KafkaError._INVALID_ARG)
print(len(producer.list_topics(timeout=30).brokers))
