# --demo: three short clips, two photos and a song, all computed by ffmpeg; a mount and a gated directory to look at.
# Each is made once: a name in DIR/demo/made is never made again, whatever became of the file.

make_demo() {
    grep -q "$DATA/demo/mount" "$DATA/sluice.toml" ||
        warn "$DATA/sluice.toml was there before --demo: add $DATA/demo/mount to its [[mounts]] to see the demo mount"
    as_account mkdir -p "$DATA"/demo/{made,making,mount,gate}
    import_once 'Four Ridges.jpg' demo_ridges
    import_once 'Seahorse Valley.jpg' demo_seahorses
    import_once 'Game of Life.webm' demo_life
    import_once 'Slow Sunset.mp4' demo_sunset
    import_once 'Mandelbrot Dive.mp4' demo_dive
    demo_once 'Slow Water.mp3' mount demo_song
    demo_once 'Tiny Life.mp4' mount demo_tiny_life
    demo_once 'index.html' gate demo_gate_page
    demo_once 'ridges.jpg' gate demo_ridges
}

import_once() { demo_once "$1" ../imports "$2"; }

# Make file $1 with the recipe $3 and rename it into DIR/demo/$2 when it is whole.
demo_once() {
    [[ ! -e $DATA/demo/made/$1 ]] || return 0
    say "making demo media: $1"
    "$3" "$DATA/demo/making/$1" || die "ffmpeg could not make $1"
    as_account mv "$DATA/demo/making/$1" "$DATA/demo/$2/$1"
    as_account touch "$DATA/demo/made/$1"
}

picture_source() { printf 'mandelbrot=s=%s:start_x=-0.7436438870371587:start_y=0.13182590420531197:%s' "$1" "$2"; }

demo_dive() {
    film "$(picture_source 1280x720 'rate=25:start_scale=2.5:end_scale=0.003:end_pts=600:maxiter=900'),trim=duration=24,
        format=gray,gblur=0.6,format=yuv420p,pseudocolor=preset=magma" "$(melody 110 24)" "$1"
}

demo_sunset() {
    film "gradients=s=1920x1080:rate=25:d=30:type=radial:speed=0.02:n=5:x0=240:y0=180:x1=1680:y1=900:
        c0=0x1b1464:c1=0x0652dd:c2=0x12cbc4:c3=0xffc312:c4=0xee5a24" "$(melody 146.8 30)" "$1"
}

demo_life() {
    ff -f lavfi -i "$(life 20)" -f lavfi -i "$(melody 130.8 20)" -c:v libvpx-vp9 -deadline realtime -cpu-used 8 \
        -row-mt 1 -b:v 2M -pix_fmt yuv420p -c:a libopus -b:a 96k -ac 2 -shortest -metadata title='Game of Life' "$1"
}

demo_tiny_life() { film "$(life 12)" "$(melody 174.6 12)" "$1"; }

demo_seahorses() {
    ff -f lavfi -i "$(picture_source 2400x1600 start_scale=0.006:maxiter=3000)" -frames:v 1 -q:v 2 \
        -vf format=gray,gblur=0.6,format=yuv444p,pseudocolor=preset=viridis,format=yuvj444p "$1"
}

demo_ridges() {
    ff -f lavfi -i "nullsrc=s=2400x1600,format=gray,geq=lum='230-Y/24-38*(gt(Y,560+90*sin(X/310+1)+30*sin(X/90))
        +gt(Y,800+70*sin(X/230+3)+25*sin(X/70))+gt(Y,1050+80*sin(X/270)+20*sin(X/60))+gt(Y,1290+60*sin(X/350+2)))',
        gblur=0.8,format=yuv444p,pseudocolor=preset=plasma" -frames:v 1 -q:v 2 -pix_fmt yuvj444p "$1"
}

demo_song() {
    ff -f lavfi -i "$(melody 98 40)" -c:a libmp3lame -b:a 192k -ac 2 -metadata title='Slow Water' \
        -metadata artist='Sluice' -metadata album='Demo' "$1"
}

demo_gate_page() {
    as_account tee "$1" >/dev/null <<'END'
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Behind the gate</title>
<h1>Behind the gate</h1>
<p>These are somebody else's files. Sluice let you in because you are signed in; Nginx sent them.</p>
<p><img src="ridges.jpg" width="600" alt="Four ridges in the evening"></p>
</html>
END
}

life() {
    printf 'life=s=160x90:rate=12:ratio=0.35:seed=7:mold=12:life_color=#f7d060:death_color=#3a1d6e:mold_color=#0f0524,'
    printf 'trim=duration=%s,scale=1280:720:flags=neighbor,fps=24' "$1"
}

# An arpeggio over four chords, $1 Hz, $2 seconds: eighth notes that die away over a held bass.
melody() {
    cat <<END
aevalsrc=s=48000:d=$2:exprs='
    st(0, mod(floor(t*4), 8));
    st(1, mod(floor(t/4), 4));
    st(2, eq(ld(1),1)*-4 + eq(ld(1),2)*5 + eq(ld(1),3)*-2);
    st(3, eq(ld(0),1)*7 + eq(ld(0),2)*12 + eq(ld(0),3)*16 + eq(ld(0),4)*19
        + eq(ld(0),5)*16 + eq(ld(0),6)*12 + eq(ld(0),7)*7);
    st(4, $1*pow(2, (ld(2)+ld(3))/12));
    0.22*exp(-5*mod(t,0.25))*(sin(2*PI*ld(4)*t)+0.4*sin(4*PI*ld(4)*t)) + 0.08*sin(2*PI*$1*pow(2,ld(2)/12)*t)',
    aecho=0.8:0.7:250|500:0.35|0.2
END
}

# film PICTURE SOUND FILE: H.264 and AAC.
film() {
    ff -f lavfi -i "$1" -f lavfi -i "$2" -c:v libx264 -preset veryfast -crf 24 -pix_fmt yuv420p -g 50 \
        -c:a aac -b:a 128k -ac 2 -shortest -movflags +faststart "$3"
}

ff() { as_account nice ffmpeg -nostdin -hide_banner -v error -y "$@"; }
