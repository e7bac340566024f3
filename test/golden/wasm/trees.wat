(module
 (type $0 (func (param i32 i32 i32 i32)))
 (type $1 (func (param i32 i32 i32 i32 i32 i32)))
 (import "env" "memory" (memory $memory 1 65536 shared))
 (func $trees_rows (param $input i32) (param $first i32) (param $rows i32) (param $to i32)
  (local $4 i32)
  (local $5 i32)
  (local $6 i32)
  (local $7 i32)
  (local $8 i32)
  (local $9 v128)
  (local $10 i32)
  (local.set $4
   (i32.const 0)
  )
  (block $end0
   (if
    (i32.lt_s
     (local.get $4)
     (i32.const 4)
    )
    (then
     (loop $loop0
      (block $next0
       (block
        (local.set $5
         (i32.add
          (i32.load
           (i32.add
            (local.get $input)
            (i32.shl
             (local.get $4)
             (i32.const 2)
            )
           )
          )
          (i32.mul
           (local.get $first)
           (i32.const 4)
          )
         )
        )
        (local.set $6
         (i32.add
          (local.get $to)
          (i32.mul
           (local.get $4)
           (i32.const 4)
          )
         )
        )
        (local.set $7
         (i32.const 0)
        )
        (block $end1
         (if
          (i32.lt_s
           (local.get $7)
           (local.get $rows)
          )
          (then
           (loop $loop1
            (block $next1
             (block
              (local.set $8
               (i32.add
                (local.get $5)
                (i32.mul
                 (local.get $7)
                 (i32.const 4)
                )
               )
              )
              (local.set $9
               (v128.load
                (local.get $8)
               )
              )
              (local.set $10
               (i32.add
                (local.get $6)
                (i32.mul
                 (local.get $7)
                 (i32.const 16)
                )
               )
              )
              (f32.store
               (local.get $10)
               (f32x4.extract_lane 0
                (local.get $9)
               )
              )
              (f32.store offset=16
               (local.get $10)
               (f32x4.extract_lane 1
                (local.get $9)
               )
              )
              (f32.store offset=32
               (local.get $10)
               (f32x4.extract_lane 2
                (local.get $9)
               )
              )
              (f32.store offset=48
               (local.get $10)
               (f32x4.extract_lane 3
                (local.get $9)
               )
              )
             )
            )
            (local.set $7
             (i32.add
              (local.get $7)
              (i32.const 4)
             )
            )
            (br_if $loop1
             (i32.lt_s
              (local.get $7)
              (local.get $rows)
             )
            )
           )
          )
         )
        )
       )
      )
      (local.set $4
       (i32.add
        (local.get $4)
        (i32.const 1)
       )
      )
      (br_if $loop0
       (i32.lt_s
        (local.get $4)
        (i32.const 4)
       )
      )
     )
    )
   )
  )
 )
 (func $trees_walk (param $features i32) (param $sums i32) (param $trees i32) (param $rows i32)
  (local $nodes i32)
  (local $header i32)
  (local $at i32)
  (local $at.7 i32)
  (local $8 i32)
  (local $root i32)
  (local $depth i32)
  (local $row i32)
  (local $sum i32)
  (local $13 i32)
  (local $left i32)
  (local $15 f32)
  (local $16 f32)
  (local.set $nodes
   (i32.add
    (local.get $trees)
    (i32.const 160)
   )
  )
  (local.set $header
   (local.get $trees)
  )
  (local.set $8
   (i32.const 0)
  )
  (block $end0
   (if
    (i32.lt_s
     (local.get $8)
     (i32.const 10)
    )
    (then
     (loop $loop0
      (block $next0
       (block
        (local.set $root
         (i32.add
          (local.get $nodes)
          (i32.load
           (local.get $header)
          )
         )
        )
        (local.set $depth
         (i32.load offset=4
          (local.get $header)
         )
        )
        (local.set $row
         (local.get $features)
        )
        (local.set $sum
         (i32.add
          (local.get $sums)
          (i32.mul
           (i32.load offset=8
            (local.get $header)
           )
           (i32.const 4)
          )
         )
        )
        (local.set $13
         (i32.const 0)
        )
        (block $end1
         (if
          (i32.lt_s
           (local.get $13)
           (local.get $rows)
          )
          (then
           (loop $loop1
            (block $next1
             (block
              (local.set $at
               (local.get $root)
              )
              (local.set $at.7
               (local.get $root)
              )
              (local.set $left
               (local.get $depth)
              )
              (block $end2
               (loop $loop2
                (br_if $end2
                 (i32.eqz
                  (i32.ne
                   (local.get $left)
                   (i32.const 0)
                  )
                 )
                )
                (local.set $15
                 (f32.load
                  (i32.add
                   (local.get $row)
                   (i32.load16_u offset=4
                    (local.get $at)
                   )
                  )
                 )
                )
                (local.set $at
                 (i32.add
                  (local.get $at)
                  (i32.shl
                   (i32.add
                    (i32.load16_s offset=6
                     (local.get $at)
                    )
                    (i32.eqz
                     (f32.le
                      (local.get $15)
                      (f32.load
                       (local.get $at)
                      )
                     )
                    )
                   )
                   (i32.const 3)
                  )
                 )
                )
                (local.set $16
                 (f32.load offset=16
                  (i32.add
                   (local.get $row)
                   (i32.load16_u offset=4
                    (local.get $at.7)
                   )
                  )
                 )
                )
                (local.set $at.7
                 (i32.add
                  (local.get $at.7)
                  (i32.shl
                   (i32.add
                    (i32.load16_s offset=6
                     (local.get $at.7)
                    )
                    (i32.eqz
                     (f32.le
                      (local.get $16)
                      (f32.load
                       (local.get $at.7)
                      )
                     )
                    )
                   )
                   (i32.const 3)
                  )
                 )
                )
                (local.set $left
                 (i32.sub
                  (local.get $left)
                  (i32.const 1)
                 )
                )
                (br $loop2)
               )
              )
              (f32.store
               (local.get $sum)
               (f32.add
                (f32.load
                 (local.get $sum)
                )
                (f32.load offset=720
                 (i32.add
                  (local.get $trees)
                  (i32.shr_u
                   (i32.sub
                    (local.get $at)
                    (local.get $nodes)
                   )
                   (i32.const 1)
                  )
                 )
                )
               )
              )
              (f32.store offset=4
               (local.get $sum)
               (f32.add
                (f32.load offset=4
                 (local.get $sum)
                )
                (f32.load offset=720
                 (i32.add
                  (local.get $trees)
                  (i32.shr_u
                   (i32.sub
                    (local.get $at.7)
                    (local.get $nodes)
                   )
                   (i32.const 1)
                  )
                 )
                )
               )
              )
              (local.set $row
               (i32.add
                (local.get $row)
                (i32.const 32)
               )
              )
              (local.set $sum
               (i32.add
                (local.get $sum)
                (i32.const 8)
               )
              )
             )
            )
            (local.set $13
             (i32.add
              (local.get $13)
              (i32.const 2)
             )
            )
            (br_if $loop1
             (i32.lt_s
              (local.get $13)
              (local.get $rows)
             )
            )
           )
          )
         )
        )
        (local.set $header
         (i32.add
          (local.get $header)
          (i32.const 16)
         )
        )
       )
      )
      (local.set $8
       (i32.add
        (local.get $8)
        (i32.const 1)
       )
      )
      (br_if $loop0
       (i32.lt_s
        (local.get $8)
        (i32.const 10)
       )
      )
     )
    )
   )
  )
 )
 (func $trees_finish (param $sums i32) (param $output i32) (param $first i32) (param $rows i32)
  (local $4 i32)
  (local $5 i32)
  (local $6 i32)
  (local $7 i32)
  (local $8 i32)
  (local.set $4
   (i32.const 0)
  )
  (block $end0
   (if
    (i32.lt_s
     (local.get $4)
     (i32.const 1)
    )
    (then
     (loop $loop0
      (block $next0
       (block
        (local.set $5
         (i32.add
          (i32.load
           (i32.add
            (local.get $output)
            (i32.shl
             (local.get $4)
             (i32.const 2)
            )
           )
          )
          (i32.mul
           (local.get $first)
           (i32.const 4)
          )
         )
        )
        (local.set $6
         (i32.add
          (local.get $sums)
          (i32.mul
           (local.get $4)
           (i32.const 4)
          )
         )
        )
        (local.set $7
         (i32.const 0)
        )
        (block $end1
         (if
          (i32.lt_s
           (local.get $7)
           (local.get $rows)
          )
          (then
           (loop $loop1
            (block $next1
             (block
              (local.set $8
               (i32.add
                (local.get $5)
                (i32.mul
                 (local.get $7)
                 (i32.const 4)
                )
               )
              )
              (f32.store
               (local.get $8)
               (f32.load
                (i32.add
                 (local.get $6)
                 (i32.mul
                  (local.get $7)
                  (i32.const 4)
                 )
                )
               )
              )
             )
            )
            (local.set $7
             (i32.add
              (local.get $7)
              (i32.const 1)
             )
            )
            (br_if $loop1
             (i32.lt_s
              (local.get $7)
              (local.get $rows)
             )
            )
           )
          )
         )
        )
       )
      )
      (local.set $4
       (i32.add
        (local.get $4)
        (i32.const 1)
       )
      )
      (br_if $loop0
       (i32.lt_s
        (local.get $4)
        (i32.const 1)
       )
      )
     )
    )
   )
  )
 )
 (func $trees (param $input i32) (param $output i32) (param $trees i32) (param $rows i32) (param $scratch i32) (param $bound i32)
  (local $sums i32)
  (local $7 i32)
  (local $8 i32)
  (local.set $sums
   (i32.and
    (i32.add
     (i32.add
      (local.get $scratch)
      (i32.const 4096)
     )
     (i32.const 15)
    )
    (i32.const -16)
   )
  )
  (local.set $7
   (i32.const 0)
  )
  (block $end0
   (if
    (i32.lt_s
     (local.get $7)
     (local.get $rows)
    )
    (then
     (loop $loop0
      (block $next0
       (block
        (local.set $8
         (i32.sub
          (local.get $rows)
          (local.get $7)
         )
        )
        (if
         (i32.gt_s
          (local.get $8)
          (i32.const 256)
         )
         (then
          (local.set $8
           (i32.const 256)
          )
         )
        )
        (call $trees_rows
         (local.get $input)
         (local.get $7)
         (local.get $8)
         (local.get $scratch)
        )
        (memory.fill
         (local.get $sums)
         (i32.const 0)
         (i32.const 1024)
        )
        (call $trees_walk
         (local.get $scratch)
         (local.get $sums)
         (local.get $trees)
         (local.get $8)
        )
        (call $trees_finish
         (local.get $sums)
         (local.get $output)
         (local.get $7)
         (local.get $8)
        )
       )
      )
      (local.set $7
       (i32.add
        (local.get $7)
        (i32.const 256)
       )
      )
      (br_if $loop0
       (i32.lt_s
        (local.get $7)
        (local.get $rows)
       )
      )
     )
    )
   )
  )
 )
)
