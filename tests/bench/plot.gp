# SPDX-License-Identifier: MIT
# The curves of bench.json, which plot.py has put into build/bench/curve-N.dat -> SVG.
set terminal svg size 1200,420 dynamic font "sans-serif,12"
set output out
set multiplot layout 1,3
set logscale xy
set grid
set key top left
set ylabel "microseconds of the processor"
do for [n = 0:2] {
	file = sprintf("%s/curve-%d.dat", dir, n)
	set title system("sed -n '1s/^# //p' " . file)
	set xlabel system("sed -n '2s/^# //p' " . file)
	plot file using 1:2:3:4 with yerrorlines title "plain", \
	     file using 1:5:6:7 with yerrorlines title "isolated"
}
unset multiplot
