"""The process in a cluster: informers, work queue, workers, leader election, metrics, health."""
