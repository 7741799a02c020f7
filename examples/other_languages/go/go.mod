module soundstage.example/video

go 1.19
