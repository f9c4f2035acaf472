module storeguard/bench/load

go 1.21
