// Command bench measures the exporter beside its peers; see make bench.
package main

func main() {}
